"""The settings file's tables `[retraining.MODEL]`: what starts runs, and with which parameters."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from viewfinder_components.errors import UsageError
from viewfinder_components.ranges import need_integer

_RESERVED = ("reason", "run_id")


def name_table(model: str) -> str:
    """Return the name of the table with the parameters of a model's runs."""
    return f"retraining.{model}.parameters"


@dataclass(frozen=True)
class RetrainingSettings:
    """What starts runs that train a model again.

    Attributes:
        alerts: Names of the alerts that start a run.
        match: Labels that such an alert must have, and their values; empty for any labels.
        new_photos: How many new labelled photos start a run; 0 if new photos start none.
        quiet_seconds: How long the photos must not have changed before they start a run.
        poll_seconds: How often the photos are listed.
        interval_seconds: Least time from the start of a run to the start of the next one.
        parameters: The run's parameters. Nothing else sets any, whatever an alert contains.

    Raises:
        UsageError: A number is out of range, or the settings contradict each other.
    """

    alerts: tuple[str, ...] = ()
    match: Mapping[str, str] = field(default_factory=dict)
    new_photos: int = 0
    quiet_seconds: int = 1800
    poll_seconds: int = 300
    interval_seconds: int = 86400
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        need_integer("new_photos", self.new_photos, 0)
        need_integer("quiet_seconds", self.quiet_seconds, 0)
        need_integer("poll_seconds", self.poll_seconds, 1)
        need_integer("interval_seconds", self.interval_seconds, 0)
        texts = (*self.alerts, *self.match.values())
        if not all(isinstance(text, str) and text for text in texts):
            raise UsageError(
                "texts that are not empty for alerts and match",
                repr(next(text for text in texts if not (isinstance(text, str) and text))),
                "write the alerts' names, and the values of their labels",
            )
        if not self.alerts and not self.new_photos:
            raise UsageError(
                "alerts or new_photos to retrain a model", "neither", "set at least one of them"
            )
        if reserved := [name for name in _RESERVED if name in self.parameters]:
            raise UsageError(
                "parameters that the receiver does not set itself",
                reserved[0],
                "leave it out: each run gets its own",
            )
