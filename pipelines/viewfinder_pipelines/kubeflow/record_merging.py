"""Combine two readings of the same run: one may have what the other could not read."""

from dataclasses import replace

from viewfinder_pipelines.kubeflow.result import conclude
from viewfinder_pipelines.runs.record import Gap, RunResult, StepResult


def merge_readings(before: RunResult, now: RunResult) -> RunResult:
    """Return the newer reading, with anything only the earlier one has.

    Args:
        before: The record that was kept.
        now: The same run, read again; at another address it may contain less.

    Returns:
        A record that is as complete as the two together.
    """
    mended = _mended(before, now)
    steps = tuple(_merge_step(step, before.step(step.name), mended) for step in now.steps)
    remaining = (
        Gap(tuple(name for name in gap.steps if name not in mended), gap.message)
        for gap in now.gaps
    )
    error = now.error
    if before.error is not None and (error is None or error.step in mended):
        error = before.error
    state = before.state if before.state == "failed" and now.state == "interrupted" else now.state
    if state == "refused":
        state = "succeeded"  # it is derived from the steps again
    return conclude(
        replace(
            now,
            state=state,
            steps=steps,
            gaps=tuple(gap for gap in remaining if gap.steps),
            error=error if state in ("failed", "interrupted") else None,
            page=now.page or before.page,
            report_page=now.report_page or before.report_page,
        )
    )


def _mended(before: RunResult, now: RunResult) -> set[str]:
    """Return the current state of steps that could be read fully before, but not now."""
    ended_alike = {
        step.name
        for step in now.steps
        if (known := before.step(step.name)) is not None
        and known.state == step.state
        and _was_read(before, known)
    }
    return ended_alike & (_unread(now) - _unread(before))


def _was_read(result: RunResult, step: StepResult) -> bool:
    """Whether a step had told what it tells; what is missing during a run is no gap yet."""
    return result.state != "running" or bool(step.summary)


def _unread(result: RunResult) -> set[str]:
    return {name for gap in result.gaps for name in gap.steps}


def _merge_step(step: StepResult, known: StepResult | None, mended: set[str]) -> StepResult:
    if known is None:
        return step
    if step.name in mended:
        return known
    if known.waiting and not step.waiting and step.state in ("failed", "interrupted"):
        return replace(step, waiting=known.waiting)
    return step
