"""Understand the log of a step's pod: KFP's launcher and executor wrap the step's own lines."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from viewfinder_pipelines.outputs import Outputs, parse_outputs

_EXECUTOR = re.compile(
    r"^\[KFP Executor (?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) \w+\]: ?(?P<message>.*)$"
)
# The lines of KFP's launcher (glog's prefix) and of Argo's executor.
_FOREIGN = re.compile(
    r"^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ \S+:\d+\] |^time=\S+ level=\w+ .* argo=true$"
)
_OUTPUTS = "ExecutorOutput: "


@dataclass(frozen=True)
class PodLog:
    """What a step's pod wrote.

    Attributes:
        lines: The step's own lines, the last one last.
        outputs: The outputs it put out; empty while it runs and when it failed.
        began: When its code began to run; None when it did not.
        ended: The time of the last line with one.
    """

    lines: Sequence[str]
    outputs: Outputs
    began: datetime | None
    ended: datetime | None

    def sentences(self, step: str) -> list[str]:
        """Return what the step said about itself, without its name."""
        prefix = f"{step}: "
        return [line.removeprefix(prefix) for line in self.lines if line.startswith(prefix)]


def parse_log(text: str) -> PodLog:
    """Understand the whole log of a step's container."""
    own, times = [], []
    for line in _without_outputs(text).splitlines():
        if match := _EXECUTOR.match(line):
            times.append(datetime.strptime(match["time"], "%Y-%m-%d %H:%M:%S,%f"))
            own.append(match["message"])
        elif not _FOREIGN.match(line):
            own.append(line)
    # The pods' clocks run on UTC: images without a time zone file know no other.
    began, ended = (times[0], times[-1]) if times else (None, None)
    return PodLog(
        lines=own,
        outputs=_outputs(text),
        began=began and began.replace(tzinfo=UTC),
        ended=ended and ended.replace(tzinfo=UTC),
    )


def _outputs(text: str) -> Outputs:
    """Return what the launcher logs of the executor's output file."""
    _, found, rest = text.rpartition(_OUTPUTS)
    if not found:
        return Outputs()
    try:
        values, _ = json.JSONDecoder().raw_decode(rest)
    except ValueError as error:
        values = _mend(rest[: getattr(error, "pos", 0)])
    return parse_outputs(values)


def _mend(cut: str) -> Any:
    """Return what is whole of JSON that was cut off: glog ends a message after 15,000 characters.

    The launcher indents by two, so every artifact begins a line four spaces in.
    """
    whole = cut.rpartition("\n    },\n")[0]
    try:
        return json.loads(whole + "\n    }\n  }\n}")
    except ValueError:
        return {}


def _without_outputs(text: str) -> str:
    """Drop the launcher's many lines of JSON; a log has them once, after the step's own lines."""
    return text.rpartition(_OUTPUTS)[0] or text
