"""A schedule is deleted only if none of its runs is in progress, however many others came later."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

from tests.fixtures.loopback import QuietHandler, serving
from tests.unit.pipelines.played_kubeflow import API_HEALTH

from viewfinder_pipelines.kubeflow.client import Kubeflow, connect
from viewfinder_pipelines.kubeflow.schedules.retirement import retire_schedule
from viewfinder_pipelines.kubeflow.schedules.schedule import Schedule
from viewfinder_pipelines.kubeflow.schedules.trigger import Trigger
from viewfinder_pipelines.settings.file import KubeflowSettings

NIGHTLY = Schedule(
    schedule_id="nightly",
    name="nightly",
    trigger=Trigger(interval=3600),
    pipeline_id="pipeline",
    version_id="version",
    parameters={},
    enabled=True,
    experiment_id="experiment",
    service_account="",
)


@contextmanager
def play_runs(runs: list[dict[str, str]]) -> Iterator[tuple[Kubeflow, list[str]]]:
    """Answer the runs in pages, as the API does; gives what was asked besides reading."""
    changes: list[str] = []

    class Api(QuietHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = parse_qs(parts.query)
            if parts.path.endswith("/healthz"):
                return self.send(200, json.dumps(API_HEALTH).encode())
            start = int(query.get("page_token", ["0"])[0])
            end = start + int(query["page_size"][0])
            page = {"runs": runs[start:end], "next_page_token": str(end) if runs[end:] else ""}
            return self.send(200, json.dumps(page).encode())

        def do_POST(self) -> None:
            changes.append(self.path.rpartition("/")[2])
            self.send(200, b"{}")

        def do_DELETE(self) -> None:
            changes.append(f"DELETE {self.path.rpartition('/')[2]}")
            self.send(200, b"{}")

    with serving(Api) as url:
        yield connect(KubeflowSettings(host=url)), changes


def many_runs(oldest: str) -> list[dict[str, str]]:
    """Return 250 runs, the newest first; only the oldest is the schedule's."""
    others = [{"run_id": str(number), "state": "SUCCEEDED"} for number in range(249)]
    return [*others, {"run_id": "oldest", "state": oldest, "recurring_run_id": "nightly"}]


def test_a_run_in_progress_behind_many_newer_ones() -> None:
    with play_runs(many_runs("RUNNING")) as (kubeflow, changes):
        assert retire_schedule(kubeflow, NIGHTLY) == ["oldest"]
    assert changes == ["nightly:disable"]


def test_a_run_that_has_ended_behind_many_newer_ones() -> None:
    with play_runs(many_runs("FAILED")) as (kubeflow, changes):
        assert retire_schedule(kubeflow, NIGHTLY) == []
    assert changes == ["nightly:disable", "DELETE nightly"]
