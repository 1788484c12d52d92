"""Requests whose bodies have not come yet."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from viewfinder_serving.admission import refuse_busy
from viewfinder_serving.refusals import RefusedError

# Below this a client is broken or means harm: a phone on the worst network sends ten times as much.
_BYTES_A_SECOND = 2_000
_IDLE_SECONDS = 0.5


class Upload:
    """One body on its way.

    Args:
        seconds: Time for all of it.
        address: Where it comes from.
    """

    def __init__(self, seconds: float, address: str) -> None:
        self.address = address
        self._seconds = seconds
        # A stall on either side is no slow client: the pace is asked for after a while only.
        self._grace = min(seconds, max(2.0, seconds / 6))
        self._started = time.monotonic()
        self._received = 0
        self._pushed_out = False
        self._waiting: asyncio.Timeout | None = None
        self.moved = self._started

    def limit(self) -> asyncio.Timeout:
        """Return what ends the wait for the next part in time."""
        pace = self._grace + self._received / _BYTES_A_SECOND
        left = self._started + min(self._seconds, pace) - time.monotonic()
        if self._pushed_out:
            left = 0.0
        self._waiting = asyncio.timeout(max(left, 0))
        return self._waiting

    @property
    def waits_for_client(self) -> bool:
        """Whether the next part is its client's to send, and not the server's to make room for."""
        return self._waiting is not None

    def arrived(self) -> None:
        """Note that a part has come; from now on the client is not waited for."""
        self._waiting = None

    def advance(self, size: int, waited: float) -> None:
        """Note a part, and how long it then waited for room, which is not its client's fault."""
        self._received += size
        self._started += waited
        self.moved = time.monotonic()

    def push_out(self) -> None:
        """End the wait for the next part now."""
        self._pushed_out = True
        if self._waiting is not None:
            with suppress(RuntimeError):  # it is over already, and its task has yet to wake up
                self._waiting.reschedule(asyncio.get_running_loop().time())

    def refusal(self) -> RefusedError:
        """Return why the wait has ended."""
        if self._pushed_out:
            return refuse_busy()
        return RefusedError(
            f"the whole body within {self._seconds:g} seconds, "
            f"and {_BYTES_A_SECOND:,} bytes a second",
            f"{self._received:,} bytes of it",
            "send it faster, or check the declared content-length",
            status=408,
        )


class Uploads:
    """Bound the bodies on their way.

    For one too many, another makes way: the one that has been idle for longest or, where one
    address has more than its share, one of that address. So nobody who holds all places keeps
    others out; and an address may have all of them, as a mesh's proxy does, while nobody else
    wants one.

    Args:
        most: Most uploads at once.
        seconds: Time for each.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._open: set[Upload] = set()

    @contextmanager
    def open(self, address: str) -> Iterator[Upload]:
        """Hold a place for an upload while the block runs.

        Args:
            address: Where it comes from.

        Raises:
            RefusedError: There is none, and no other upload makes way (status 503).
        """
        if len(self._open) >= self._most:
            self._make_way(address)
        upload = Upload(self._seconds, address)
        self._open.add(upload)
        try:
            yield upload
        finally:
            self._open.discard(upload)

    def _make_way(self, address: str) -> None:
        waiting = [upload for upload in self._open if upload.waits_for_client]
        counts = Counter(upload.address for upload in self._open)
        greediest = max(counts, key=counts.__getitem__)
        if counts[greediest] > counts[address] + 1:
            waiting = [upload for upload in waiting if upload.address == greediest]
            least_idle = 0.0
        else:
            least_idle = _IDLE_SECONDS
        idlest = min(waiting, key=lambda upload: upload.moved, default=None)
        if idlest is None or time.monotonic() - idlest.moved < least_idle:
            raise refuse_busy()
        self._open.discard(idlest)
        idlest.push_out()
