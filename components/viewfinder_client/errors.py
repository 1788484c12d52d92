"""What the client raises."""

from viewfinder_components.errors import (
    ParameterError,
    PermanentError,
    TransientError,
    UsageError,
    ViewfinderError,
)

__all__ = [
    "ParameterError",
    "PermanentError",
    "TransientError",
    "UnansweredError",
    "UsageError",
    "ViewfinderError",
]


class UnansweredError(PermanentError):
    """One photo cannot be classified; the server answers about others.

    Args:
        reason: Why, in words.
    """

    def __init__(self, reason: str) -> None:
        super().__init__("a photo that can be classified", reason, "correct it, or leave it out")
        self.reason = reason
