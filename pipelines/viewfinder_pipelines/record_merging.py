"""Put two readings of the same run together: what one could not read, the other may have."""

from dataclasses import replace

from viewfinder_pipelines.kubeflow_result import conclude
from viewfinder_pipelines.record import RunResult, StepResult


def merge_readings(before: RunResult, now: RunResult) -> RunResult:
    """Return the newer reading, with what only the earlier one has.

    Args:
        before: The record that was kept.
        now: The same run, read again; at another address it may tell less.

    Returns:
        A record that is as whole as the two together.
    """
    steps = tuple(_merge_step(before, now, step) for step in now.steps)
    read_before = {step.name for step in before.steps} - {gap.step for gap in before.gaps}
    gaps = tuple(gap for gap in now.gaps if gap.step not in read_before)
    error = now.error
    poorer = {gap.step for gap in now.gaps} - {gap.step for gap in gaps}
    if before.error is not None and (error is None or error.step in poorer):
        error = before.error
    state = before.state if before.state == "failed" and now.state == "interrupted" else now.state
    if state == "refused":
        state = "succeeded"  # it is concluded from the steps again
    return conclude(
        replace(
            now,
            state=state,
            steps=steps,
            gaps=gaps,
            error=error if state in ("failed", "interrupted") else None,
            page=now.page or before.page,
        )
    )


def _merge_step(before: RunResult, now: RunResult, step: StepResult) -> StepResult:
    known = before.step(step.name)
    if known is None:
        return step
    has_gap = any(gap.step == step.name for gap in now.gaps)
    was_read = not any(gap.step == step.name for gap in before.gaps)
    if has_gap and was_read and known.state == step.state:
        return known
    if known.waiting and not step.waiting and step.state in ("failed", "interrupted"):
        return replace(step, waiting=known.waiting)
    return step
