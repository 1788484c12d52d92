"""How much work the server accepts at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from viewfinder_serving.refusals import RefusedError

BUSY = 503
"""The status of a refusal for lack of time or room."""


class Admission:
    """Limit the number of requests in progress.

    One too many is refused, because it would wait longer than its client would.

    Args:
        requests: Maximum number at once.
    """

    def __init__(self, requests: int) -> None:
        self._left = requests

    def need_place(self) -> None:
        """Refuse a request for which there is no place, before its body is read.

        Raises:
            RefusedError: The server is full (status 503).
        """
        if self._left == 0:
            raise refuse_busy()

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Reserve a place for one request whose body has arrived.

        Raises:
            RefusedError: The server is full (status 503).
        """
        self.need_place()
        self._left -= 1
        try:
            yield
        finally:
            self._left += 1


def refuse_busy() -> RefusedError:
    """Return the refusal of a server at capacity."""
    return RefusedError(
        "fewer requests at once",
        "more than this server accepts",
        "try again in a second, or run more replicas",
        status=BUSY,
        headers={"retry-after": "1"},
    )
