"""Run the compiled pipeline on this machine and keep its record."""

import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from viewfinder_components.outcome import Outcome
from viewfinder_components.whole_files import write_json
from viewfinder_pipelines.conclusion import (
    TAIL_LINES,
    explain_failure,
    fill_in,
    interrupt,
    was_refused,
    with_outputs,
)
from viewfinder_pipelines.events import Event, Listener, parse_line
from viewfinder_pipelines.outputs import read_outcome, read_outputs
from viewfinder_pipelines.record import LOCAL, RunResult, StepResult, StepState


@dataclass
class _Follower:
    """The run so far, as its output tells it."""

    result: RunResult
    steps: list[StepResult] = field(default_factory=list)
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL_LINES))
    failed: StepResult | None = None
    failed_tail: tuple[str, ...] = ()
    failed_outcome: Outcome | None = None
    _outcome: Outcome | None = None
    _began: float = 0.0
    _said: str = ""

    def take(self, event: Event) -> None:
        match event.kind:
            case "began":
                self._began, self._said, self._outcome = time.monotonic(), "", None
                self.tail.clear()
                self.steps.append(StepResult(event.step, "running", 0.0))
            case "succeeded" | "failed":
                self._end(event)
            case "cached":
                self.steps.append(StepResult(event.step, "cached", 0.0))
            case "outcome" if self.steps and event.step == self.steps[-1].name:
                self._outcome = event.outcome
            case "said" if self.steps and event.text.startswith(f"{self.steps[-1].name}: "):
                self._said = event.text.removeprefix(f"{self.steps[-1].name}: ")
                self.tail.append(event.text)
            case _ if event.text.strip():
                self.tail.append(event.text)
        self.result = replace(self.result, steps=tuple(self.steps))

    def _end(self, event: Event) -> None:
        state: StepState = "succeeded" if event.kind == "succeeded" else "failed"
        seconds = time.monotonic() - self._began
        step = replace(self.steps[-1], state=state, seconds=seconds, summary=self._said)
        if state == "succeeded" and self._outcome is not None:
            step = replace(step, summary=self._outcome.summary)
        self.steps[-1] = step
        if state == "failed" and self.failed is None:
            self.failed, self.failed_tail = step, tuple(self.tail)
            self.failed_outcome = self._outcome


def run_locally(
    pipeline: Path,
    arguments: Mapping[str, Any],
    parameters: Mapping[str, Any],
    run_dir: Path,
    listener: Listener,
) -> RunResult:
    """Run a compiled pipeline with kfp.local and write `run.json` and `log.txt`.

    A run that was cut off goes on when it is called again with the same `run_dir` and
    `arguments`: finished steps are taken from the run's own cache.

    Args:
        pipeline: The compiled pipeline.
        arguments: The parameters that differ from the pipeline's defaults.
        parameters: All parameters, for the record.
        run_dir: The run's folder; made if missing.
        listener: Called after every line of output with the event and the run so far.

    Returns:
        The run's record. Failure is a state of the record, not an exception.
    """
    run_dir.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    follower = _Follower(
        RunResult(
            run_id=run_dir.name,
            where=LOCAL,
            state="running",
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            seconds=0.0,
            parameters=dict(parameters),
            process=os.getpid(),
        )
    )
    follower.result.save(run_dir)
    interrupted = False
    code = -1
    try:
        code = _follow(_write_job(pipeline, arguments, run_dir), run_dir, follower, listener)
    except KeyboardInterrupt:
        interrupted = True
    result = _conclude(follower, run_dir / "steps", code, interrupted)
    result = replace(result, seconds=time.monotonic() - started, process=None)
    result.save(run_dir)
    return result


def _write_job(pipeline: Path, arguments: Mapping[str, Any], run_dir: Path) -> Path:
    job = {
        "pipeline": str(pipeline),
        "arguments": dict(arguments),
        "pipeline_root": str(run_dir / "steps"),
        "cache_root": str(run_dir / "cache"),
    }
    path = run_dir / "job.json"
    write_json(path, job)
    return path


def _follow(job: Path, run_dir: Path, follower: _Follower, listener: Listener) -> int:
    """Run the job's process and feed its lines to the follower; return its exit code."""
    bin_dir = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([bin_dir, os.environ.get("PATH", "")]),
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    command = [sys.executable, "-m", "viewfinder_pipelines.local_process", str(job)]
    with (
        (run_dir / "log.txt").open("a", encoding="utf-8") as log,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,  # held open: when it closes, the process and its steps end
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env=environment,
            start_new_session=True,
        ) as process,
    ):
        assert process.stdout is not None  # noqa: S101  (PIPE was asked for)
        for line in process.stdout:
            log.write(line)
            event = parse_line(line)
            follower.take(event)
            if event.kind not in ("said", "other"):
                log.flush()
                follower.result.save(run_dir)
            listener(event, follower.result)
    return process.returncode


def _conclude(follower: _Follower, pipeline_root: Path, code: int, interrupted: bool) -> RunResult:
    """Fill in what the steps wrote, and decide how the run ended."""
    steps = tuple(_with_outputs(step, pipeline_root) for step in follower.steps)
    result = fill_in(replace(follower.result, steps=steps))
    if interrupted:
        return replace(result, state="interrupted", steps=interrupt(steps))
    if follower.failed is not None or code != 0:
        tail = follower.failed_tail or tuple(follower.tail)
        step = follower.failed.name if follower.failed else None
        return replace(
            result, state="failed", error=explain_failure(step, follower.failed_outcome, tail)
        )
    return replace(result, state="refused" if was_refused(result) else "succeeded")


def _with_outputs(step: StepResult, pipeline_root: Path) -> StepResult:
    if step.state not in ("succeeded", "cached"):
        return step
    outputs = read_outputs(pipeline_root, step.name)
    return with_outputs(step, outputs, read_outcome(outputs))
