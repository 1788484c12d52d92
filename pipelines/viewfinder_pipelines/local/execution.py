"""Run the compiled pipeline on this machine and keep its record."""

import os
import signal
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from viewfinder_components.errors import PermanentError
from viewfinder_components.run_reason import RunReason
from viewfinder_components.writing import HOME, writing
from viewfinder_pipelines.local.cache_entries import read_cached_outputs, remove_foreign_entries
from viewfinder_pipelines.local.failure import (
    as_run_error,
    count_memory_kills,
    explain_full_disk,
    explain_lost_outputs,
    explain_signal,
)
from viewfinder_pipelines.local.finished_steps import keep_whole_steps, remember_step
from viewfinder_pipelines.local.follower import Follower
from viewfinder_pipelines.local.job import Job, started
from viewfinder_pipelines.runs.completion import (
    explain_failure,
    fill_in,
    was_refused,
    with_outputs,
)
from viewfinder_pipelines.runs.events import Listener
from viewfinder_pipelines.runs.files import (
    RunLog,
    room_for_the_record,
    save_at_the_end,
    save_so_far,
)
from viewfinder_pipelines.runs.lock import held_run
from viewfinder_pipelines.runs.outputs import (
    PlannedStep,
    read_outcome,
    read_outputs,
    read_planned_steps,
)
from viewfinder_pipelines.runs.record import (
    LOCAL,
    RECORD_FILE,
    RunError,
    RunResult,
    StepResult,
    interrupt,
)


def run_locally(
    pipeline: Path,
    arguments: Mapping[str, Any],
    parameters: Mapping[str, Any],
    run_dir: Path,
    listener: Listener,
    name: str,
) -> RunResult:
    """Run a compiled pipeline with kfp.local and write `run.json` and `log.txt`.

    An interrupted run continues when this is called again with the same `run_dir` and
    `arguments`: finished steps are taken from the run's own cache.

    Args:
        pipeline: The compiled pipeline.
        arguments: The parameters that differ from the pipeline's defaults.
        parameters: All parameters, for the record.
        run_dir: The run's folder; made if missing.
        listener: Called after every line of output with the event and the run so far.
        name: The pipeline's name, for the record.

    Returns:
        The run's record. Failure is a state of the record, not an exception.

    Raises:
        PermanentError: Another process is working on the run, or a loop of the pipeline contains a
            condition or a loop.
    """
    planned = read_planned_steps(pipeline)
    _refuse_nested(planned)
    with writing(run_dir, *HOME):
        run_dir.mkdir(parents=True, exist_ok=True)
    with held_run(run_dir) as lock, room_for_the_record(run_dir):
        began = time.monotonic()
        looped = frozenset(step.name for step in planned if step.is_looped)
        earlier = _read_earlier(run_dir)
        follower = Follower(_begin(run_dir, parameters, name), looped, earlier)
        follower.result.save(run_dir)
        kills = count_memory_kills()
        code = _follow(Job(pipeline, arguments, run_dir), lock, follower, listener)
        follower.cut_off()
        steps = _read_steps(follower, run_dir, planned)
        result = _conclude(follower, steps, run_dir, code, count_memory_kills() - kills)
        result = replace(result, seconds=time.monotonic() - began, process=None)
        save_at_the_end(result, run_dir)
    return result


def _refuse_nested(planned: Iterable[PlannedStep]) -> None:
    """Refuse loops whose iterations differ in their steps: kfp.local names no iteration.

    Raises:
        PermanentError: There is such a loop.
    """
    if nested := [step.name for step in planned if step.is_nested]:
        raise PermanentError(
            "a pipeline whose loops contain only steps, to run it on this machine",
            f"conditions or loops in a loop, around {', '.join(nested)}",
            "move the condition into a step, or run the pipeline on Kubeflow Pipelines",
        )


def _begin(run_dir: Path, parameters: Mapping[str, Any], name: str) -> RunResult:
    return RunResult(
        run_id=run_dir.name,
        where=LOCAL,
        state="running",
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=0.0,
        parameters=dict(parameters),
        process=os.getpid(),
        pipeline=name,
        reason=RunReason.parse(parameters.get("reason")),
    )


def _read_earlier(run_dir: Path) -> dict[str, StepResult]:
    """Return the finished steps of the attempt that is resumed; none in a new run."""
    if not (run_dir / RECORD_FILE).exists():
        return {}
    steps = RunResult.load(run_dir).steps
    return {step.name: step for step in steps if step.state in ("succeeded", "cached")}


def _follow(job: Job, lock: int, follower: Follower, listener: Listener) -> int | None:
    """Run the job's process and pass its lines to the follower.

    Returns:
        Its exit code; None if it was interrupted.
    """
    keep_whole_steps(job.steps)
    remove_foreign_entries(job.cache, job.pipeline)
    log = RunLog(job.run_dir)
    try:
        with started(job, lock) as process:
            for line in process.lines():
                log.write(line)
                event = follower.take(line)
                if event.kind == "succeeded":
                    remember_step(job.steps, event.step)
                if event.kind not in ("said", "other"):
                    save_so_far(follower.result, job.run_dir)
                listener(event, follower.result)
            return process.end()
    except KeyboardInterrupt:
        return None
    finally:
        log.close()


def _conclude(
    follower: Follower,
    steps: tuple[StepResult, ...],
    run_dir: Path,
    code: int | None,
    memory_kills: int,
) -> RunResult:
    """Add the steps' outputs, and decide how the run ended."""
    result = fill_in(replace(follower.result, steps=steps))
    if code is None:
        return replace(result, state="interrupted", steps=interrupt(steps))
    if follower.failure is not None or code != 0:
        error = _explain(follower, run_dir, code, memory_kills)
        return replace(result, state="failed", error=error, steps=interrupt(steps))
    return replace(result, state="refused" if was_refused(result) else "succeeded")


def _explain(follower: Follower, run_dir: Path, code: int, memory_kills: int) -> RunError:
    """Find out why a run failed: the step's own message, or else a full disk or a signal."""
    failure = follower.failure
    if failure is None:
        what, step, tail = "the process that runs the steps", None, tuple(follower.tail)
    else:
        what, step, tail = f"step {failure.step}", failure.step, failure.tail
        if failure.outcome is not None and failure.outcome.failure is not None:
            return explain_failure(step, failure.outcome, tail)
        # Only a shell that was killed itself reports no exit code.
        code = -signal.SIGKILL if failure.exit_code is None else failure.exit_code
    error = explain_full_disk(run_dir) or explain_signal(code, what, memory_kills)
    if error is None and failure is not None and failure.outcome is not None:
        error = explain_lost_outputs(what, tail)
    if error is not None:
        return as_run_error(error, step, tail)
    return explain_failure(step, follower.job_outcome if failure is None else None, tail)


def _read_steps(
    follower: Follower, run_dir: Path, planned: Iterable[PlannedStep]
) -> tuple[StepResult, ...]:
    """Return the steps so far, with the outputs of those that succeeded."""
    types = {step.name: step.types for step in planned}
    return tuple(
        _with_outputs(step, run_dir, types.get(step.name.partition("[")[0], {}), follower)
        for step in follower.result.steps
    )


def _with_outputs(
    step: StepResult, run_dir: Path, types: Mapping[str, str], follower: Follower
) -> StepResult:
    if step.state not in ("succeeded", "cached"):
        return step
    key = follower.cache_keys.get(step.name)
    outputs = read_cached_outputs(run_dir / "cache", key) if key else None
    if outputs is None:
        outputs = read_outputs(run_dir / "steps", step.name, types)
    return with_outputs(step, outputs, read_outcome(outputs))
