"""Whether one more predictor fits beside what serves, as the scheduler would see it."""

from decimal import Decimal
from typing import Any

import pytest

from viewfinder_components.deployment.kserve.service import APPLIED
from viewfinder_pipelines.doctor.finding import FindingState
from viewfinder_pipelines.doctor.pod_requests import Room, read_room, requested
from viewfinder_pipelines.doctor.room import NodeRoom, judge_room, look_at_nodes, serves_already
from viewfinder_pipelines.doctor.scheduling import why_not

NODE: dict[str, Any] = {
    "metadata": {"name": "one", "labels": {"pool": "cpu"}},
    "spec": {},
    "status": {"allocatable": {"cpu": "2", "memory": "4Gi", "pods": "11"}},
}
PREDICTOR = read_room({"cpu": "1", "memory": "512Mi", "pods": "1"})
GPU = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}


def a_container(cpu: str, **changes: Any) -> dict[str, Any]:
    return {"resources": {"requests": {"cpu": cpu, "memory": "256Mi"}}, **changes}


def a_pod(cpu: str, **changes: Any) -> dict[str, Any]:
    spec = {"nodeName": "one", "containers": [a_container(cpu)]}
    return {"spec": spec, "status": {"phase": "Running"}, **changes}


def a_node(**spec: Any) -> dict[str, Any]:
    return {**NODE, "spec": spec}


@pytest.mark.parametrize(
    ("pods", "fits"),
    [
        ([], True),
        ([a_pod("1")], True),
        ([a_pod("1"), a_pod("100m")], False),
        ([a_pod("1"), a_pod("1", status={"phase": "Succeeded"})], True),
        ([a_pod("2", spec={"nodeName": "other", "containers": []})], True),
        ([a_pod("0", spec={"nodeName": "one", "containers": [], "overhead": {"cpu": "1100m"}})],
         False),
    ],
)  # fmt: skip
def test_what_serves_takes_its_room(pods: list[dict[str, Any]], fits: bool) -> None:
    (node,) = look_at_nodes([NODE], pods, {})
    assert node.free.holds(PREDICTOR) is fits


SIDECAR = a_container("300m", restartPolicy="Always")


@pytest.mark.parametrize(
    ("spec", "cpu"),
    [
        ({"containers": [a_container("500m"), a_container("250m")]}, "0.75"),
        ({"containers": [a_container("500m")], "initContainers": [a_container("100m")]}, "0.5"),
        ({"containers": [a_container("500m")], "initContainers": [a_container("1")]}, "1"),
        ({"containers": [a_container("500m")], "initContainers": [SIDECAR]}, "0.8"),
        # A sidecar runs beside the init containers after it, not beside those before it.
        ({"containers": [a_container("500m")], "initContainers": [SIDECAR, a_container("1")]},
         "1.3"),
        ({"containers": [a_container("500m")], "initContainers": [a_container("1"), SIDECAR]}, "1"),
        ({"containers": [a_container("500m")], "overhead": {"cpu": "250m", "memory": "120Mi"}},
         "0.75"),
        ({"containers": [a_container("500m")], "resources": {"requests": {"cpu": "2"}}}, "2"),
        ({"containers": [{}], "initContainers": None}, "0"),
    ],
)  # fmt: skip
def test_a_pod_asks_for_what_its_containers_need_at_a_time(spec: dict[str, Any], cpu: str) -> None:
    assert requested({"spec": spec}).cpu == Decimal(cpu)


CORDONED = {"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}


@pytest.mark.parametrize(
    ("node", "placing", "reason"),
    [
        (NODE, {}, ""),
        (a_node(unschedulable=True), {}, "it is cordoned"),
        (a_node(unschedulable=True), {"tolerations": [CORDONED]}, ""),
        (a_node(taints=[GPU]), {}, "it has the taint gpu:NoSchedule"),
        (a_node(taints=[GPU | {"effect": "NoExecute"}]), {}, "it has the taint gpu:NoExecute"),
        (a_node(taints=[GPU | {"effect": "PreferNoSchedule"}]), {}, ""),
        (a_node(taints=[GPU]), {"tolerations": [GPU]}, ""),
        (a_node(taints=[GPU]), {"tolerations": [{"key": "gpu", "value": "no"}]},
         "it has the taint"),
        (a_node(taints=[GPU]), {"tolerations": [{"key": "gpu", "operator": "Exists"}]}, ""),
        (a_node(taints=[GPU]), {"tolerations": [{"operator": "Exists"}]}, ""),
        (a_node(taints=[GPU]), {"tolerations": [{"operator": "Exists", "effect": "NoExecute"}]},
         "it has the taint"),
        (NODE, {"nodeSelector": {"pool": "cpu"}}, ""),
        (NODE, {"nodeSelector": {"pool": "gpu"}}, "it has no label pool=gpu"),
        (NODE, {"nodeSelector": None, "tolerations": None}, ""),
    ],
)  # fmt: skip
def test_which_nodes_take_a_predictor(
    node: dict[str, Any], placing: dict[str, Any], reason: str
) -> None:
    assert why_not(node, placing).startswith(reason)
    assert bool(why_not(node, placing)) is bool(reason)


@pytest.mark.parametrize(
    ("written", "cpu", "memory"),
    [
        ({"cpu": "500m", "memory": "1Gi"}, "0.5", "1073741824"),
        ({"cpu": 2, "memory": "1000"}, "2", "1000"),
        ({"cpu": "250000u", "memory": "1e3"}, "0.25", "1000"),
        ({"cpu": "1500000000n", "memory": "12E-1"}, "1.5", "1.2"),
        ({"cpu": "0.1", "memory": "129M"}, "0.1", "129000000"),
        ({"memory": "1Pi"}, "0", "1125899906842624"),
        ({"memory": "2E"}, "0", "2000000000000000000"),
        ({}, "0", "0"),
    ],
)
def test_quantities(written: dict[str, Any], cpu: str, memory: str) -> None:
    assert read_room(written) == Room(Decimal(cpu), Decimal(memory))


def test_tenths_add_up() -> None:
    """In floating point, ten pods of .1 leave less than a core of two."""
    (node,) = look_at_nodes([NODE], [a_pod("100m")] * 10, {})
    assert node.free.cpu == 1


@pytest.mark.parametrize(
    ("running", "closed"), [(10, ""), (11, "it runs as many pods as it may (11)")]
)
def test_a_node_with_all_its_pods_takes_no_other(running: int, closed: str) -> None:
    ended = [a_pod("0", status={"phase": "Succeeded"})] * 5
    (node,) = look_at_nodes([NODE], [*[a_pod("0")] * running, *ended], {})
    assert node.closed == closed
    assert node.free.pods == 11 - running


def a_space(cpu: str, closed: str = "", pods: int = 9) -> NodeRoom:
    return NodeRoom(read_room({"cpu": cpu, "memory": "4Gi", "pods": pods}), closed)


CORDONED_SPACE = a_space("9", "it is cordoned")


@pytest.mark.parametrize(
    ("spaces", "first", "state", "words"),
    [
        ([a_space("2")], 1, FindingState.OK, "nodes have room for 1 and, in a rollout, one more"),
        ([a_space("1.5"), a_space("1")], 1, FindingState.OK, "nodes have room for 1 and"),
        (
            [a_space("1.5")],
            1,
            FindingState.WARNING,
            "a first deployment fits; a second version's pod (SIZE)",
        ),
        (
            [a_space("0.5"), a_space("0.5")],
            1,
            FindingState.WARNING,
            "room for 0 of the 1 predictors",
        ),
        (
            [a_space("3")],
            3,
            FindingState.WARNING,
            "a first deployment fits; a second version's pod (SIZE)",
        ),
        ([a_space("2.5")], 3, FindingState.WARNING, "room for 2 of the 3 predictors"),
        (
            [a_space("9", pods=1)],
            1,
            FindingState.WARNING,
            "would have to wait, because of the most pods that a node may have",
        ),
        ([a_space("9", pods=2)], 1, FindingState.OK, "nodes have room for 1 and"),
        ([a_space("1.5")], 0, FindingState.OK, "nodes have room for one more"),
        (
            [a_space("-1")],
            0,
            FindingState.WARNING,
            "a new version's pod (SIZE) would have to wait for room",
        ),
        (
            [CORDONED_SPACE],
            0,
            FindingState.WARNING,
            "(of 1 nodes some accept no predictor: 1 because it is",
        ),
    ],
)
def test_a_first_deploy_needs_room_for_a_roll_out_as_well(
    spaces: list[NodeRoom], first: int, state: FindingState, words: str
) -> None:
    finding = judge_room(spaces, PREDICTOR, first, "SIZE")
    assert finding.state is state
    assert words in finding.text
    assert bool(finding.remedy) is (state is FindingState.WARNING)


def test_a_service_runs_already_where_one_of_its_pods_does() -> None:
    ours = a_pod("1", metadata={"namespace": "shop", "annotations": {APPLIED: "{}"}})
    assert serves_already([ours], "shop")
    assert not serves_already([ours], "other")
    assert not serves_already([{**ours, "status": {"phase": "Failed"}}], "shop")
    assert not serves_already([a_pod("1", metadata={"namespace": "shop"})], "shop")
