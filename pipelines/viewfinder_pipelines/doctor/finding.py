"""What one look at an install found."""

from dataclasses import dataclass
from enum import Enum

from viewfinder_components.deployment.refusals import ForbiddenError
from viewfinder_components.errors import ViewfinderError


class FindingState(Enum):
    """How a finding counts."""

    OK = "ok"
    """As a run needs it."""
    WARNING = "warning"
    """A run may succeed nevertheless."""
    FAILED = "failed"
    """A run will fail here."""
    UNKNOWN = "unknown"
    """Nobody let us look, or it can only be known after something else is mended."""


@dataclass(frozen=True)
class Finding:
    """One line of the table."""

    name: str
    """What was looked at."""

    state: FindingState
    """How it is."""

    text: str
    """What was found, as a sentence without its full stop."""

    remedy: str = ""
    """What to do about it, as an imperative sentence; empty when there is nothing to do."""

    @classmethod
    def of_error(cls, name: str, error: ViewfinderError) -> "Finding":
        """Return the finding for something that went wrong."""
        text = f"expected {error.expected}, received {error.received}"
        return cls(name, FindingState.FAILED, text, error.remedy)

    def to_json(self) -> dict[str, str]:
        """Return the finding as `--json` prints it."""
        return {
            "name": self.name, "state": self.state.value, "text": self.text, "remedy": self.remedy,
        }  # fmt: skip


class UnseenError(Exception):
    """We may not look at something; the rest can go on.

    Args:
        what: What we would have looked at.
        permission: The permission that is missing, such as `get secrets`.
    """

    def __init__(self, what: str, permission: str) -> None:
        super().__init__(f"{what}: not permitted to {permission}")
        self.what = what
        self.permission = permission


def as_unseen(what: str, error: ViewfinderError) -> UnseenError | ViewfinderError:
    """Return the error as an `UnseenError` when all that is wrong is that we may not look."""
    return UnseenError(what, error.permission) if isinstance(error, ForbiddenError) else error
