"""The result of one check of an installation."""

from dataclasses import dataclass
from enum import Enum

from viewfinder_components.deployment.kubernetes.refusals import ForbiddenError
from viewfinder_components.errors import ViewfinderError


class FindingState(Enum):
    """How a finding counts."""

    OK = "ok"
    """A run can rely on it."""
    WARNING = "warning"
    """A run may still succeed."""
    FAILED = "failed"
    """A run will fail here."""
    UNKNOWN = "unknown"
    """We were not permitted to check, or another problem must be fixed first."""


@dataclass(frozen=True)
class Finding:
    """One line of the table."""

    name: str
    """What was checked."""

    state: FindingState
    """The state it is in."""

    text: str
    """The result, as a sentence without its full stop."""

    remedy: str = ""
    """What to do about it, as an imperative sentence; empty if there is nothing to do."""

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
    """We may not read something; the rest can continue.

    Args:
        what: What we would have read.
        permission: The permission that is missing, such as `get secrets`.
        user: Who lacks it, as known to the API server; empty if irrelevant.
    """

    def __init__(self, what: str, permission: str, user: str = "") -> None:
        super().__init__(f"{what}: not permitted to {permission}")
        self.what = what
        self.permission = permission
        self.user = user


def as_unseen(what: str, error: ViewfinderError) -> UnseenError | ViewfinderError:
    """Return the error as an `UnseenError` if the only problem is that we may not read it."""
    if isinstance(error, ForbiddenError):
        return UnseenError(what, error.permission, error.user)
    return error
