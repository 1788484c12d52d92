"""Whether one more predictor fits beside what serves."""

from typing import Any

import pytest

from viewfinder_pipelines.doctor.room import Room, free_rooms, read_room

NODE = {
    "metadata": {"name": "one"},
    "spec": {},
    "status": {"allocatable": {"cpu": "2", "memory": "4Gi"}},
}
PREDICTOR = read_room({"cpu": "1", "memory": "512Mi"})


def a_pod(cpu: str, **changes: Any) -> dict[str, Any]:
    container = {"resources": {"requests": {"cpu": cpu, "memory": "256Mi"}}}
    pod = {"spec": {"nodeName": "one", "containers": [container]}, "status": {"phase": "Running"}}
    return {**pod, **changes}


@pytest.mark.parametrize(
    ("pods", "fits"),
    [
        ([], True),
        ([a_pod("1")], True),
        ([a_pod("1"), a_pod("100m")], False),
        ([a_pod("1"), a_pod("1", status={"phase": "Succeeded"})], True),
        ([a_pod("2", spec={"nodeName": "other", "containers": []})], True),
    ],
)
def test_what_serves_takes_its_room(pods: list[dict[str, Any]], fits: bool) -> None:
    (free,) = free_rooms([NODE], pods)
    assert free.holds(PREDICTOR) is fits


def test_a_node_that_takes_no_new_pods_has_no_room() -> None:
    assert list(free_rooms([{**NODE, "spec": {"unschedulable": True}}], [])) == []


@pytest.mark.parametrize(
    ("written", "room"),
    [
        ({"cpu": "500m", "memory": "1Gi"}, Room(0.5, 2.0**30)),
        ({"cpu": 2, "memory": "1000"}, Room(2.0, 1000.0)),
        ({}, Room(0.0, 0.0)),
    ],
)
def test_quantities(written: dict[str, Any], room: Room) -> None:
    assert read_room(written) == room
