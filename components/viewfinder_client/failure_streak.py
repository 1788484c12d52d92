"""A server that answers about no photo any more, rather than not about some."""

from typing import NamedTuple

from viewfinder_client.answers import Prediction, Unanswered
from viewfinder_components.errors import TransientError


class Outcome(NamedTuple):
    """What came of a photo."""

    result: Prediction | Unanswered
    error: TransientError | None = None
    """Why there is no answer, if the same photo may have one later."""


class FailureStreak:
    """Counts the failures in a row: of a hundred thousand photos, not each waits for a dead server.

    Args:
        most: How many there may be; so many requests run at a time.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._count = 0

    def pass_on(self, outcome: Outcome) -> Prediction | Unanswered:
        """Return a photo's result.

        Raises:
            TransientError: This photo's, after too many others.
        """
        self._count = self._count + 1 if outcome.error else 0
        if outcome.error and self._count > self._most:
            raise outcome.error
        return outcome.result
