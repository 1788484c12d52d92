"""Identify what was found where photos are kept: a change is noticed without reading them."""

import hashlib
import json
import secrets
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from viewfinder_components.photos.candidate import Candidate
from viewfinder_components.photos.stamp import Unseen, find_stamp, request_stamp

_REQUESTS = 32  # at a time, to an object store or to the server of a mounted folder
_TASK_FILES = 16
_TASKS_AHEAD = 64
_MODULUS = 1 << 256

_UNKNOWN = "unknown-"

_Stamped = tuple[Candidate, str | Unseen]


class Fingerprint:
    """A digest of candidates, the same in any order; it needs no more memory for a million.

    It is the sum of the candidates' digests (AdHash, Bellare and Micciancio 1997).

    Args:
        corrections: SHA-256 of the table of corrections, whose content counts too; empty without
            one.
    """

    def __init__(self, corrections: bytes = b"") -> None:
        self.files = 0
        """Number of candidates."""
        self._sum = int.from_bytes(corrections or hashlib.sha256().digest())
        self._is_known = True

    def add(self, candidate: Candidate, stamp: str | None) -> None:
        """Count a candidate in.

        Args:
            candidate: What was found.
            stamp: What changes with it, as `stamp.find_stamp` returns it; None if unknown.
        """
        kind = candidate.flaw.kind if candidate.flaw else None
        facts = [candidate.uri, candidate.label, candidate.split, kind, stamp]
        digest = hashlib.sha256(json.dumps(facts).encode()).digest()
        self._sum = (self._sum + int.from_bytes(digest)) % _MODULUS
        self.files += 1
        self._is_known &= stamp is not None

    @property
    def value(self) -> str:
        """64 hexadecimal digits; empty if the stamp of a candidate is unknown."""
        return f"{self._sum:064x}" if self._is_known else ""


def unrepeated() -> str:
    """Return a value in place of a fingerprint that never occurs again: no step is skipped."""
    return f"{_UNKNOWN}{secrets.token_hex(16)}"


def is_known(value: str) -> bool:
    """Whether a value is a fingerprint, with which another one can be compared."""
    return bool(value) and not value.startswith(_UNKNOWN)


def counted_in(fingerprint: Fingerprint, candidates: Iterator[Candidate]) -> Iterator[Candidate]:
    """Yield candidates, and count them in, without a request to an object store."""
    for candidate in candidates:
        fingerprint.add(candidate, find_stamp(candidate))
        yield candidate


def with_stamps(candidates: Iterator[Candidate]) -> Iterator[_Stamped]:
    """Yield candidates, without their data, and what changes with each, as `request_stamp`.

    Args:
        candidates: What was found; at most about a thousand are held in memory.

    Raises:
        PermanentError: There are no credentials for an object store, or it does not accept them.
        TransientError: A store does not answer.
    """
    found = ((one._replace(data=None), _stamp_data(one)) for one in candidates)
    running: deque[Future[list[_Stamped]]] = deque()
    pool = ThreadPoolExecutor(_REQUESTS, "stamps")
    try:
        while some := list(islice(found, _TASK_FILES)):
            running.append(pool.submit(_complete, some))
            if len(running) > _TASKS_AHEAD:
                yield from running.popleft().result()
        while running:
            yield from running.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _stamp_data(candidate: Candidate) -> str | None:
    return None if candidate.data is None else find_stamp(candidate)


def _complete(some: list[tuple[Candidate, str | None]]) -> list[_Stamped]:
    return [(one, request_stamp(one) if stamp is None else stamp) for one, stamp in some]
