"""What has served behind a service, and what a rollback returns to."""

from dataclasses import dataclass
from enum import Enum

from viewfinder_components.errors import PermanentError
from viewfinder_components.spelling import write_command


class Deed(Enum):
    """What caused a version to serve."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"


@dataclass(frozen=True)
class Entry:
    """A deployment that served."""

    number: int
    """The version's number."""
    uri: str
    """The version's URI, as passed to the target, without a trailing slash."""
    by: Deed
    time: str
    """When, in UTC as ISO 8601; empty if unknown."""
    applied: str
    """Everything needed to return to it, as the target writes it."""


@dataclass(frozen=True)
class History:
    """The deployments of one service that served, oldest first."""

    entries: tuple[Entry, ...] = ()

    def line(self) -> list[Entry]:
        """Return the versions that led to the current one, which comes last.

        A rollback removes the versions it skipped; deploying a version again with other settings
        replaces its last entry.
        """
        line: list[Entry] = []
        for entry in self.entries:
            places = [place for place, other in enumerate(line) if other.uri == entry.uri]
            if places and (entry.by is Deed.ROLLBACK or places[-1] == len(line) - 1):
                del line[places[-1] :]
            line.append(entry)
        return line

    def before(self, uri: str) -> Entry | None:
        """Return what served before a version that serves or was to serve; None if nothing did."""
        line = self.line()
        if line and line[-1].uri == uri.rstrip("/"):
            line.pop()
        return line[-1] if line else None

    def newest(self, number: int) -> Entry | None:
        """Return the last deployment of a version's number, None if it never served."""
        return next((entry for entry in reversed(self.entries) if entry.number == number), None)


def explain_missing(history: History, name: str, model: str, number: int) -> PermanentError:
    """Return the error for a version that a service cannot return to.

    Args:
        history: The service's.
        name: The service.
        model: The model that it serves.
        number: The version that is not in the history; 0 if there is none before the current
            one.
    """
    return PermanentError(
        (f"version {number}" if number else "an earlier version")
        + f" in the history of the service {name}",
        _describe(history, number),
        f"deploy the version you want: `{write_command('deploy', f'{model}/NUMBER')}`",
    )


def _describe(history: History, number: int) -> str:
    """Return what a history contains instead of the requested version."""
    served = list(dict.fromkeys(str(entry.number) for entry in history.entries))
    if len(served) < 2:
        return f"only version {served[0]}" if served else "an empty history"
    known = f"versions {', '.join(served)}"
    return known if number else f"{known}, none of them before {history.line()[-1].number}"
