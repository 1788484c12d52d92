"""Requests whose bodies are still being received."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from viewfinder_serving.admission import refuse_busy
from viewfinder_serving.refusals import RefusedError

# Below this a client is broken or malicious: a phone on the worst network sends ten times as much.
_BYTES_A_SECOND = 2_000
_IDLE_SECONDS = 0.5
_LEAST_STEP_BYTES = 8_192  # fewer are no progress: a byte now and then keeps no place


class Upload:
    """One body being received.

    Args:
        seconds: Time for all of it.
        address: Its source.
    """

    def __init__(self, seconds: float, address: str) -> None:
        self.address = address
        self._seconds = seconds
        # A stall on either side is not a slow client: the pace is checked only after a while.
        self._grace = min(seconds, max(2.0, seconds / 6))
        self._started = time.monotonic()
        self._received = 0
        self._step = 0
        self.held = 0
        self._pushed_out = False
        self._waiting: asyncio.Timeout | None = None
        self.moved = self._started

    def limit(self) -> asyncio.Timeout:
        """Return the timer that ends the wait for the next part."""
        pace = self._grace + self._received / _BYTES_A_SECOND
        left = self._started + min(self._seconds, pace) - time.monotonic()
        if self._pushed_out:
            left = 0.0
        self._waiting = asyncio.timeout(max(left, 0))
        return self._waiting

    @property
    def waits_for_client(self) -> bool:
        """Whether the next part is the client's to send, not the server's to make room for."""
        return self._waiting is not None

    def arrived(self) -> None:
        """Record that a part has arrived; from now on the server does not wait for the client."""
        self._waiting = None

    def advance(self, size: int, waited: float, held: int) -> None:
        """Record a part, and how long it then waited for room, which is not its client's fault.

        Args:
            size: Its bytes.
            waited: Seconds.
            held: Bytes of the room that the body has by now; a compressed one has more than came.
        """
        self._received += size
        self.held = held
        self._started += waited
        self.moved += waited
        self._step += size
        if self._step >= _LEAST_STEP_BYTES:
            self._step = 0
            self.moved = time.monotonic()

    def push_out(self) -> None:
        """End the wait for the next part now."""
        self._pushed_out = True
        if self._waiting is not None:
            with suppress(RuntimeError):  # it is already over, and its task has yet to wake up
                self._waiting.reschedule(asyncio.get_running_loop().time())

    def refusal(self) -> RefusedError:
        """Return why the wait ended."""
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
    """Limit the number of bodies being received.

    One too many displaces another: the one that has been idle longest or, if one address has
    more than its share, one of that address. So a client that holds all places cannot keep
    others out; and an address may have all of them, as a mesh's proxy does, while nobody else
    wants one.

    Args:
        most: Maximum number of uploads at once.
        seconds: Time for each.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._open: set[Upload] = set()

    @contextmanager
    def open(self, address: str) -> Iterator[Upload]:
        """Reserve a place for an upload while the block runs.

        Args:
            address: Its source.

        Raises:
            RefusedError: There is none, and no other upload can be displaced (status 503).
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
        self._push_out(idlest)

    def free_room(self, address: str) -> None:
        """End an upload that keeps a body waiting for room, if there is one to end.

        It is the largest of those that make no progress, and of those of an address that has
        several and holds more than twice as much as this one. An address with one upload alone may
        finish it: if every newcomer ended the largest upload, few would ever be complete.

        Args:
            address: The source of the body that waits.
        """
        holding = [upload for upload in self._open if upload.waits_for_client and upload.held]
        held: Counter[str] = Counter()
        for upload in self._open:
            held[upload.address] += upload.held
        latest = time.monotonic() - _IDLE_SECONDS
        movable = [
            upload
            for upload in holding
            if upload.moved <= latest or held[upload.address] > max(upload.held, 2 * held[address])
        ]
        if movable:
            self._push_out(max(movable, key=lambda upload: upload.held))

    def _push_out(self, upload: Upload) -> None:
        self._open.discard(upload)
        upload.push_out()
