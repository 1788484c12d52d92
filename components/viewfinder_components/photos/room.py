"""Memory for the photos that are decoded at the same time."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from viewfinder_components.photos.photo_error import PhotoError

SMALL_BYTES = 16 << 20
"""A photo that needs at most this many bytes never waits for large ones. JPEGs are shrunk while
they are decoded, so hardly any needs more; of other formats, that is about one megapixel."""


class OutOfTimeError(Exception):
    """A photo was not decoded by its deadline."""


def need_time(deadline: float | None) -> None:
    """Stop work on a photo whose time is up.

    Args:
        deadline: When that is, in seconds of `time.monotonic`; None for never.

    Raises:
        OutOfTimeError: It has passed.
    """
    if deadline is not None and time.monotonic() > deadline:
        raise OutOfTimeError


class DecodingRoom:
    """Bytes for decoding, shared by all threads.

    Large photos wait for each other in order of arrival. A part of the room is not available to
    them, so that small ones can be decoded meanwhile.

    Args:
        size: Bytes in all.
        spare: How many of them only small photos may use.

    Raises:
        ValueError: Not even a small photo would fit in addition to the spare part.
    """

    def __init__(self, size: int, spare: int = SMALL_BYTES) -> None:
        if size - spare < SMALL_BYTES:
            raise ValueError(f"{size} bytes of which {spare} are spare")
        self._left = size
        self._spare = spare
        self._largest = size - spare
        self._changed = threading.Condition()
        self._waiting: list[object] = []

    def need(self, size: int, what: str) -> None:
        """Refuse a photo that would never fit.

        Args:
            size: Bytes that decoding takes.
            what: The photo in words, for the message.

        Raises:
            PhotoError: `too_large`.
        """
        if size > self._largest:
            raise PhotoError(
                "too_large",
                f"{what} would take {size / 1e6:,.0f} MB of memory to decode, more than the limit "
                f"of {self._largest / 1e6:,.0f} MB",
            )

    @contextmanager
    def hold(self, size: int, deadline: float | None = None) -> Iterator[None]:
        """Reserve room for a photo that `need` accepted, while the block runs.

        Args:
            size: As for `need`.
            deadline: When to stop waiting, in seconds of `time.monotonic`; None for never.

        Raises:
            OutOfTimeError: There was none by then.
        """
        self._take(size, deadline)
        try:
            yield
        finally:
            with self._changed:
                self._left += size
                self._changed.notify_all()

    def _take(self, size: int, deadline: float | None) -> None:
        ticket = object()
        with self._changed:
            if size > SMALL_BYTES:
                self._waiting.append(ticket)
            try:
                while not self._fits(size, ticket):
                    need_time(deadline)
                    self._changed.wait(None if deadline is None else deadline - time.monotonic())
                self._left -= size
            finally:
                if size > SMALL_BYTES:
                    self._waiting.remove(ticket)
                    self._changed.notify_all()

    def _fits(self, size: int, ticket: object) -> bool:
        if size <= SMALL_BYTES:
            return size <= self._left
        return self._waiting[0] is ticket and size <= self._left - self._spare
