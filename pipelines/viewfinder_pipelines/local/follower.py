"""The run so far, derived from its output."""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from viewfinder_components.outcome import Outcome
from viewfinder_components.steps import declared_name
from viewfinder_pipelines.local.cache_entries import parse_cache_key
from viewfinder_pipelines.local.fitting import parse_exit_line
from viewfinder_pipelines.local.job import JOB
from viewfinder_pipelines.local.kfp_private import parse_iteration_line
from viewfinder_pipelines.runs.completion import TAIL_LINES
from viewfinder_pipelines.runs.events import Event, parse_line, read_progress
from viewfinder_pipelines.runs.record import RunResult, StepResult, StepState


@dataclass(frozen=True)
class StepFailure:
    """How a step failed, as far as its output shows.

    Attributes:
        step: Its name.
        tail: The last lines it wrote.
        exit_code: Its process's, as reported by a shell; None if unknown.
        outcome: Its own report of how it ended; None if it had no time for one.
    """

    step: str
    tail: tuple[str, ...]
    exit_code: int | None
    outcome: Outcome | None


@dataclass
class Follower:
    """Processes a run's output line by line.

    Attributes:
        result: The run so far.
        looped: The steps that a loop repeats; here they have the iteration's number in brackets.
        earlier: The steps of the attempt that this one resumes, by name.
        tail: The last lines of the current step.
        failure: The first step whose last attempt failed.
        job_outcome: What kfp.local encountered outside the steps; None if nothing.
        cache_keys: The keys of the cache entries that cached steps were taken from, by step.
    """

    result: RunResult
    looped: frozenset[str] = frozenset()
    earlier: Mapping[str, StepResult] = field(default_factory=dict)
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL_LINES))
    failure: StepFailure | None = None
    job_outcome: Outcome | None = None
    cache_keys: dict[str, str] = field(default_factory=dict)
    _iteration: int = 0
    _exit_code: int | None = None
    _outcome: Outcome | None = None
    _began: float = 0.0
    _said: str = ""

    def take(self, line: str) -> Event:
        """Process a line of output; return what happened."""
        exit_code = parse_exit_line(line)
        if exit_code is not None:
            self._exit_code = exit_code
        iteration = parse_iteration_line(line)
        if iteration is not None:
            self._iteration = iteration
        is_own = exit_code is not None or iteration is not None
        event = self._with_iteration(parse_line(line))
        match event.kind:
            case "began":
                self._begin(event.step)
            case "succeeded" | "failed":
                self._end(event)
            case "cached":
                self._reuse(event.step)
                self.cache_keys[event.step] = parse_cache_key(event.text)
            case "outcome" if event.step == JOB:
                self.job_outcome = event.outcome
            case "outcome" if event.step == declared_name(self._newest()):
                self._outcome = event.outcome
            case "said" if (progress := read_progress(event, self._newest())) is not None:
                self._said = progress
                self.tail.append(event.text)
            case _ if event.text.strip() and not is_own:
                self.tail.append(event.text)
        return event

    def cut_off(self) -> None:
        """Record that the run has ended: a step that is still running ran until now."""
        steps = self.result.steps
        if steps and steps[-1].state == "running":
            self._put(replace(steps[-1], seconds=time.monotonic() - self._began))

    def _newest(self) -> str:
        """Return the name of the newest step; empty before the first."""
        return self.result.steps[-1].name if self.result.steps else ""

    def _with_iteration(self, event: Event) -> Event:
        """Return the event with the step's name in the record."""
        if event.step not in self.looped or event.kind == "outcome":
            return event
        return replace(event, step=f"{event.step}[{self._iteration}]")

    def _begin(self, name: str) -> None:
        self._began, self._said = time.monotonic(), ""
        self._exit_code = self._outcome = None
        self.tail.clear()
        before = self.result.step(name)
        attempts = before.attempts + 1 if before else 1
        self._put(StepResult(name, "running", 0.0, attempts=attempts))

    def _reuse(self, name: str) -> None:
        """Take over a step that an earlier attempt has finished, with what it took then."""
        step = StepResult(name, "cached", 0.0)
        if before := self.earlier.get(name):
            step = replace(step, reused_seconds=before.shown_seconds, summary=before.summary)
        self._put(step)

    def _end(self, event: Event) -> None:
        state: StepState = "succeeded" if event.kind == "succeeded" else "failed"
        # A busy parent may read of the beginning late, but the step itself knows its phases.
        phases = sum(self._outcome.seconds.values()) if self._outcome else 0.0
        seconds = max(time.monotonic() - self._began, phases)
        step = self.result.steps[-1]
        summary = ""  # of a failed step: its progress explains nothing
        if state == "succeeded":
            summary = (self._outcome.summary if self._outcome else "") or self._said
        self._put(replace(step, state=state, seconds=seconds, summary=summary))
        if state == "failed" and self.failure is None:
            self.failure = StepFailure(step.name, tuple(self.tail), self._exit_code, self._outcome)
        elif self.failure is not None and self.failure.step == step.name:
            self.failure = None  # a later attempt succeeded

    def _put(self, step: StepResult) -> None:
        """Put a step last, replacing an earlier attempt."""
        others = tuple(other for other in self.result.steps if other.name != step.name)
        self.result = replace(self.result, steps=(*others, step))
