"""The run so far, as its output tells it."""

import time
from collections import deque
from dataclasses import dataclass, field, replace

from viewfinder_components.outcome import Outcome
from viewfinder_pipelines.local.fitting import parse_exit_line
from viewfinder_pipelines.local.job import JOB
from viewfinder_pipelines.runs.completion import TAIL_LINES
from viewfinder_pipelines.runs.events import Event, parse_line
from viewfinder_pipelines.runs.record import RunResult, StepResult, StepState


@dataclass(frozen=True)
class StepFailure:
    """How a step failed, as far as its output tells.

    Attributes:
        step: Its name.
        tail: The last lines it wrote.
        exit_code: Its process's, as a shell has it; None where nothing told it.
        outcome: Its own word about its end; None when it had no time for one.
    """

    step: str
    tail: tuple[str, ...]
    exit_code: int | None
    outcome: Outcome | None


@dataclass
class Follower:
    """Takes a run's output line by line.

    Attributes:
        result: The run so far.
        tail: The last lines of the step that runs.
        failure: The first step whose last try failed.
        job_outcome: What kfp.local met outside the steps; None where it met nothing.
    """

    result: RunResult
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL_LINES))
    failure: StepFailure | None = None
    job_outcome: Outcome | None = None
    _exit_code: int | None = None
    _outcome: Outcome | None = None
    _began: float = 0.0
    _said: str = ""

    def take(self, line: str) -> Event:
        """Take a line of output; return what happened."""
        exit_code = parse_exit_line(line)
        if exit_code is not None:
            self._exit_code = exit_code
        event = parse_line(line)
        match event.kind:
            case "began":
                self._begin(event.step)
            case "succeeded" | "failed":
                self._end(event)
            case "cached":
                self._put(StepResult(event.step, "cached", 0.0))
            case "outcome" if event.step == JOB:
                self.job_outcome = event.outcome
            case "outcome" if self.result.steps and event.step == self.result.steps[-1].name:
                self._outcome = event.outcome
            case "said" if self._speaks(event.text):
                self._said = event.text.removeprefix(f"{self.result.steps[-1].name}: ")
                self.tail.append(event.text)
            case _ if event.text.strip() and exit_code is None:
                self.tail.append(event.text)
        return event

    def cut_off(self) -> None:
        """Take note that the run has ended: a step that is still running has run until now."""
        steps = self.result.steps
        if steps and steps[-1].state == "running":
            self._put(replace(steps[-1], seconds=time.monotonic() - self._began))

    def _speaks(self, text: str) -> bool:
        """Return whether a line is the running step's own word about what it does."""
        steps = self.result.steps
        return bool(steps) and text.startswith(f"{steps[-1].name}: ")

    def _begin(self, name: str) -> None:
        self._began, self._said = time.monotonic(), ""
        self._exit_code = self._outcome = None
        self.tail.clear()
        before = self.result.step(name)
        attempts = before.attempts + 1 if before else 1
        self._put(StepResult(name, "running", 0.0, attempts=attempts))

    def _end(self, event: Event) -> None:
        state: StepState = "succeeded" if event.kind == "succeeded" else "failed"
        seconds = time.monotonic() - self._began
        step = self.result.steps[-1]
        summary = ""  # of a failed step: how far it had come explains nothing
        if state == "succeeded":
            summary = (self._outcome.summary if self._outcome else "") or self._said
        self._put(replace(step, state=state, seconds=seconds, summary=summary))
        if state == "failed" and self.failure is None:
            self.failure = StepFailure(step.name, tuple(self.tail), self._exit_code, self._outcome)
        elif self.failure is not None and self.failure.step == step.name:
            self.failure = None  # a later try of it ended well

    def _put(self, step: StepResult) -> None:
        """Put a step last, in the place of an earlier try of it."""
        others = tuple(other for other in self.result.steps if other.name != step.name)
        self.result = replace(self.result, steps=(*others, step))
