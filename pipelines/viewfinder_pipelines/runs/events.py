"""Events in a run, and how kfp.local's output reports them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from viewfinder_components.library_messages import strip_colors
from viewfinder_components.outcome import Outcome, parse_outcome
from viewfinder_components.steps import declared_name
from viewfinder_pipelines.runs.record import RunResult
from viewfinder_pipelines.runs.step_log import logged_message

_EXECUTING = re.compile(r"^\S+ - INFO - Executing task '(?P<step>[^']+)'$")
_FINISHED = re.compile(
    r"^\S+ - (?:INFO|ERROR) - Task '(?P<step>[^']+)' finished with status (?P<status>\w+)$"
)
_CACHED = re.compile(r"^Task (?P<step>\S+) cache hit \(key=")

EventKind = Literal["began", "succeeded", "failed", "cached", "said", "waits", "outcome", "other"]


@dataclass(frozen=True)
class Event:
    """An event in a run.

    Attributes:
        kind: What happened; `said` is a line a step logged, `waits` why its pod has not started,
            `outcome` its own report of how it ended, `other` anything else.
        step: The step concerned; empty if kfp.local's output does not say.
        text: The line without colours, prefix and indentation.
        outcome: The step's own report of how it ended.
    """

    kind: EventKind
    step: str
    text: str
    outcome: Outcome | None = None


def read_progress(event: Event, step: str) -> str | None:
    """Return what a step reports about its progress; None if the event is something else.

    Args:
        event: The event.
        step: The step's name in the run, such as `train-2` or `train[0]`.
    """
    own = f"{declared_name(step)}: "
    is_own = event.kind == "said" and event.text.startswith(own)
    return event.text.removeprefix(own) if is_own else None


Listener = Callable[[Event, RunResult], None]


def parse_line(line: str) -> Event:
    """Parse one line of output."""
    text = strip_colors(line).rstrip("\n")
    if match := _EXECUTING.match(text):
        return Event("began", match["step"], text)
    if match := _FINISHED.match(text):
        kind: EventKind = "succeeded" if match["status"] == "SUCCESS" else "failed"
        return Event(kind, match["step"], text)
    if match := _CACHED.match(text):
        return Event("cached", match["step"], text)
    if outcome := parse_outcome(text):
        return Event("outcome", outcome.step, text.strip(), outcome)
    if (message := logged_message(text)) is not None:
        return Event("said", "", message)
    return Event("other", "", text.removeprefix("    "))
