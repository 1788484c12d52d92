"""How a step ended, as one line of JSON: in its log, with its outputs, and in its pod's status.

Readers of a run (on this machine, from Kubeflow Pipelines' API, from its UI) take summary, times,
metrics and cause from here, never from the wording of other lines.
"""

import json
import logging
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from viewfinder_components.failures import Failure, describe_exception

SCHEMA_VERSION = 1
TERMINATION_LOG = Path("/dev/termination-log")
TERMINATION_LIMIT = 4096
"""Maximum size in bytes of a termination message that Kubernetes keeps."""

_KEY = "viewfinder_outcome"
_MARKER = f'{{"{_KEY}": '
_LOG_PREFIX = "viewfinder outcome: "
_CUT = " ..."
_SHORTEST_TEXT = 40  # characters of a text that is shortened to fit

_log = logging.getLogger(__name__)


class MetricsArtifact(Protocol):
    """The part of a step's `dsl.Metrics` artifact used here."""

    metadata: dict[str, Any]

    @property
    def path(self) -> str:
        """The path of the artifact's file."""


@dataclass(frozen=True)
class Outcome:
    """How a step ended.

    Attributes:
        step: The step's name.
        state: Whether it succeeded.
        began: When its code started, ISO 8601, UTC.
        ended: When its code ended, ISO 8601, UTC.
        summary: One sentence about what it did; empty if it failed.
        seconds: How long it took, by phase.
        metrics: What it measured, by name.
        parameters: Its output parameters, by name.
        metadata: What it wrote with its artifacts, by the artifact's name.
        failure: Why it failed; None if it succeeded.
    """

    step: str
    state: Literal["succeeded", "failed"]
    began: str
    ended: str
    summary: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    failure: Failure | None = None

    def to_line(self, ascii_only: bool = True) -> str:
        """Return the outcome as one line of JSON, omitting empty values.

        Args:
            ascii_only: Whether to escape other characters, for logs in any encoding.
        """
        values = {key: value for key, value in asdict(self).items() if value}
        if self.failure is not None:
            values["failure"] = self.failure.to_json()
        line = {_KEY: SCHEMA_VERSION, **values}
        return json.dumps(line, ensure_ascii=ascii_only, allow_nan=False)


class OutcomeRecorder:
    """Receives a successful step's results.

    Attributes:
        told: What was reported; None until then.
    """

    def __init__(self) -> None:
        self.told: dict[str, Any] | None = None

    def succeed(
        self,
        summary: str,
        seconds: Mapping[str, float] | None = None,
        metrics: Mapping[str, float] | None = None,
        parameters: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Report what the step did; to be called once, when all of its work is done.

        Args:
            summary: One sentence.
            seconds: How long it took, by phase, where that is worth knowing.
            metrics: What was measured; also the metadata of the step's metrics artifact.
            parameters: The step's output parameters.
            metadata: What was written with artifacts, by the artifact's name.
        """
        self.told = {
            "summary": summary,
            "seconds": dict(seconds or {}),
            "metrics": dict(metrics or {}),
            "parameters": dict(parameters or {}),
            "metadata": {name: dict(values) for name, values in (metadata or {}).items()},
        }


@contextmanager
def record_outcome(step: str, metrics: MetricsArtifact) -> Iterator[OutcomeRecorder]:
    """Record how the step inside the block ends.

    A success is logged, and written into the file of the step's metrics artifact, which Kubeflow
    Pipelines keeps. A failure is logged, and left as the container's termination message: Argo
    makes it the node's message, which Kubeflow Pipelines keeps with the run. The error is reraised.

    Args:
        step: The step's name.
        metrics: The step's metrics artifact.

    Yields:
        The recorder, to which the step reports its success.
    """
    began = _now()
    recorder = OutcomeRecorder()
    try:
        yield recorder
        if recorder.told is None:
            raise RuntimeError(f"the step {step} did not report its outcome")
        outcome = Outcome(step, "succeeded", began, _now(), **recorder.told)
        metrics.metadata.update(outcome.metrics)
        Path(metrics.path).write_text(outcome.to_line() + "\n", encoding="utf-8")
    except BaseException as error:
        outcome = Outcome(step, "failed", began, _now(), failure=describe_exception(error))
        _print(outcome)
        _leave_message(outcome)
        raise
    _log.info("%s succeeded: %s", step, outcome.summary)  # `step: ...` would be its progress
    _print(outcome)


def parse_outcome(text: str) -> Outcome | None:
    """Return the outcome in a text: a line of a log, a node's message, a file.

    Text before and after it is ignored. An outcome of another schema, a truncated one, or something
    that only looks like one (a photo's name may) does not count.
    """
    _, found, rest = text.rpartition(_MARKER)
    if not found:
        return None
    try:
        values, _ = json.JSONDecoder().raw_decode(_MARKER + rest)
        return _from_values(values)
    except (ValueError, TypeError, AttributeError):
        return None


def find_outcome(lines: Iterable[str], step: str) -> Outcome | None:
    """Return a step's last outcome among lines; a step that was retried has several."""
    outcomes = map(parse_outcome, lines)
    return next((o for o in reversed([*outcomes]) if o is not None and o.step == step), None)


def _from_values(values: dict[str, Any]) -> Outcome | None:
    if values.pop(_KEY) != SCHEMA_VERSION:
        return None
    failure = values.pop("failure", None)
    outcome = Outcome(**values, failure=Failure.from_json(failure) if failure else None)
    texts = (outcome.step, outcome.state, outcome.began, outcome.ended, outcome.summary)
    tables = (outcome.seconds, outcome.metrics, outcome.parameters, outcome.metadata)
    if not all(isinstance(text, str) for text in texts):
        return None
    if not all(isinstance(table, dict) for table in (*tables, *outcome.metadata.values())):
        return None
    for time in (outcome.began, outcome.ended):
        datetime.fromisoformat(time)  # raises ValueError if it is not a time
    return outcome


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _print(outcome: Outcome) -> None:
    """Print instead of log: a library's changes to the loggers must not suppress it.

    Kubeflow Pipelines' API treats a JSON line in a kept log as an entry of its own, and shows its
    field "log" (backend/src/apiserver/archive/log.go): the line must not be JSON.
    """
    sys.stdout.write(f"{_LOG_PREFIX}{outcome.to_line()}\n")
    sys.stdout.flush()


def _leave_message(outcome: Outcome, path: Path | None = None) -> None:
    """Write the termination message if this is a container; a laptop has no such file."""
    with suppress(OSError):
        descriptor = os.open(path or TERMINATION_LOG, os.O_WRONLY | os.O_TRUNC)  # never created
        with os.fdopen(descriptor, "wb") as file:
            file.write(termination_message(outcome))


def termination_message(outcome: Outcome) -> bytes:
    """Return a failed step's termination message: the sentence for people, then the outcome.

    Returns:
        UTF-8 of at most 4,096 bytes. If that is not enough, the sentence is omitted first,
        since it is also in the outcome; then the outcome's longest texts are shortened.
    """
    failure = outcome.failure
    assert failure is not None  # noqa: S101  (only failures leave a message)
    line = _encode(outcome.to_line(ascii_only=False))
    message = _encode(f"{failure.message}\n") + line
    if len(message) <= TERMINATION_LIMIT:
        return message
    while len(line) > TERMINATION_LIMIT:
        failure = _shorten(failure, len(line) - TERMINATION_LIMIT)
        line = _encode(replace(outcome, failure=failure).to_line(ascii_only=False))
    return line


def _shorten(failure: Failure, excess: int) -> Failure:
    """Shorten the longest text of a failure by about this many bytes."""
    texts = {name: text for name, text in failure.to_json().items() if name != "kind"}
    name, text = max(texts.items(), key=lambda item: len(_encode(item[1])))
    keep = max(_SHORTEST_TEXT, len(text) - excess - len(_CUT))
    changed = {name: text[: min(keep, len(text) - len(_CUT) - 1)] + _CUT}
    if "message" not in texts:  # it is composed of the others
        changed["message"] = ""
    return Failure.from_json({**failure.to_json(), **changed})


def _encode(text: str) -> bytes:
    """Return UTF-8; characters it cannot encode (half of a broken file name) become `?`."""
    return text.encode("utf-8", "replace")
