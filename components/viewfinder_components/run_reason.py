"""Why a run began: by hand, on a schedule, because of new photos, or because of an alert.

A run takes its reason as the parameter `reason`. Only a step that Kubeflow never takes from its
cache may have this parameter.
"""

import json
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal, Self, get_args

from viewfinder_components.ranges import Described, Text
from viewfinder_components.reports.formatting import plural

ReasonKind = Literal["hand", "schedule", "data", "alert"]

_LONGEST = 4000  # characters of the parameter; JSON of all fields has at most half as many

_MOST = 200  # characters of a field, which an alert may have made


@dataclass(frozen=True)
class RunReason:
    """Why a run began.

    Attributes:
        kind: `hand`, `schedule`, `data` (new photos) or `alert`.
        text: What was given by hand, or the schedule's name.
        photos: How many new photos there were.
        since: ISO 8601 time from which the alert fired, or the new photos were counted.
        alert: The alert's name.
        service: What the alert is about, such as `shop/fruit`.
        measure: What has moved, as the alert names it.
        value: The measure's value, as the alert writes it.
        limit: The measure's limit, as the alert writes it.
    """

    kind: ReasonKind = "hand"
    text: str = ""
    photos: int = 0
    since: str = ""
    alert: str = ""
    service: str = ""
    measure: str = ""
    value: str = ""
    limit: str = ""

    @classmethod
    def parse(cls, parameter: object) -> Self:
        """Read the parameter `reason`, which may be any text; what this release wrote is JSON."""
        text = parameter if isinstance(parameter, str) else ""
        try:
            written = cls(**json.loads(text))
        except (ValueError, TypeError, RecursionError):
            return cls(text=text.strip())
        return written if written._is_valid() else cls(text=text.strip())

    def write(self) -> str:
        """Return the value of the parameter `reason`; every text in it is cut to 200 characters."""
        empty = asdict(RunReason())
        given = {name: _cut(value) for name, value in asdict(self).items() if value != empty[name]}
        return json.dumps({"kind": self.kind, **given}, ensure_ascii=False)

    def __str__(self) -> str:
        since = f", since {self.since}" if self.since else ""
        if self.kind == "schedule":
            return f"schedule {self.text}".strip()
        if self.kind == "data":
            return f"{plural(self.photos, 'new photo')}{since}"
        if self.kind == "alert":
            return f"{self._describe_alert()}{since}"
        return f"by hand: {self.text}" if self.text else "by hand"

    def _is_valid(self) -> bool:
        kinds = get_args(ReasonKind)
        values = asdict(self)
        photos = values.pop("photos")
        return (
            self.kind in kinds
            and type(photos) is int
            and all(isinstance(value, str) for value in values.values())
        )

    def _describe_alert(self) -> str:
        about = f" of {self.service}" if self.service else ""
        numbers = " ".join(filter(None, [self.measure, self.value]))
        limit = f" (limit {self.limit})" if self.limit else ""
        told = f": {numbers}{limit}" if numbers else limit
        return f"alert {self.alert}{about}{told}"


BY_HAND = RunReason()
"""Somebody started the run, and did not say why."""

RunReasonText = Annotated[
    str,
    Text(f"text of at most {_LONGEST:,} characters", lambda text: len(text) <= _LONGEST),
    Described(
        "Why the run begins, for its record and its report: any text; empty for a run that is "
        "started by hand."
    ),
]
"""The parameter `reason`."""


def _cut(value: Any) -> Any:
    return value[:_MOST] if isinstance(value, str) else value
