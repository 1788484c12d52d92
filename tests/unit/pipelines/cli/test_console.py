"""What is printed about a run."""

import pytest

from viewfinder_pipelines.cli.console import advise_resuming
from viewfinder_pipelines.runs.record import LOCAL, RunError, RunResult, RunState, StepResult

DONE = StepResult("validate", "succeeded", 1.0)
FAILED = StepResult("train", "failed", 1.0)


def run(
    state: RunState, *steps: StepResult, retryable: bool | None = None, where: str = LOCAL
) -> RunResult:
    error = None if retryable is None else RunError("train", "expected ...", retryable, ())
    return RunResult("a", where, state, "2026-01-01T00:00:00+00:00", 1.0, {}, steps, error=error)


@pytest.mark.parametrize(
    ("result", "advice"),
    [
        (run("succeeded", DONE), ""),
        (run("refused", DONE), ""),
        (run("interrupted"), "viewfinder run --resume a"),
        (run("failed", FAILED, retryable=True), "viewfinder run --resume a"),
        (run("failed", FAILED, retryable=False), ""),
        (
            run("failed", DONE, FAILED, retryable=False),
            "viewfinder run --resume a "
            "(once the cause is removed; other parameters need a new run)",
        ),
        (run("failed", DONE, FAILED, retryable=True, where="http://kubeflow"), ""),
    ],
)
def test_resuming_is_offered_where_it_helps(result: RunResult, advice: str) -> None:
    assert advise_resuming(result) == advice
