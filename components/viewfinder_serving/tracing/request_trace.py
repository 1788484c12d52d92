"""What one request spent its time on; spans are made of it when the request has been answered."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class Phase(NamedTuple):
    """A part of a request."""

    name: str
    """What was done, such as `decode`."""
    start: float
    """In seconds of `time.monotonic`."""
    end: float
    """In the same seconds."""
    photo: int | None
    """The index of the photo that it was done for; None for the whole request."""
    error: str
    """The class of the exception that ended it; empty if none did."""


class RequestTrace:
    """Collects the phases of a request, whichever threads they happen in."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        """When the request began."""
        self.phases: list[Phase] = []
        """In the order of their ends; at most two for each photo, and one for each other phase."""

    def add(
        self, name: str, start: float, end: float, photo: int | None = None, error: str = ""
    ) -> None:
        """Add a phase; the arguments are its fields."""
        self.phases.append(Phase(name, start, end, photo, error))


CURRENT: ContextVar[RequestTrace | None] = ContextVar("request_trace", default=None)
"""The trace of the request that this task of the event loop answers; None if there is none."""


@contextmanager
def phase(trace: RequestTrace | None, name: str, photo: int | None = None) -> Iterator[None]:
    """Add the block to a trace as a phase.

    Args:
        trace: The request's; None for no trace.
        name: What the block does.
        photo: The index of the photo that it is done for; None for the whole request.
    """
    if trace is None:
        yield
        return
    began, error = time.monotonic(), ""
    try:
        yield
    except BaseException as failure:
        error = type(failure).__name__
        raise
    finally:
        trace.add(name, began, time.monotonic(), photo, error)
