"""What one predictor said when it was asked."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextvars import copy_context
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

from viewfinder_pipelines.watching.samples import Samples

_Asked = TypeVar("_Asked")


@dataclass(frozen=True)
class Reading:
    """What a predictor said, or why it said nothing."""

    time: float
    """When it was asked, in seconds of the monotonic clock."""
    samples: Samples
    """Its metrics."""
    problem: str = ""
    """Why there are none; empty if there are."""

    @classmethod
    def of_samples(cls, samples: Samples) -> Self:
        """Return the reading of a predictor that answered just now."""
        return cls(time.monotonic(), samples)

    @classmethod
    def of_problem(cls, problem: str) -> Self:
        """Return the reading of a predictor that did not."""
        return cls(time.monotonic(), {}, problem)


class Predictors(Protocol):
    """Predictors that can be asked for their metrics."""

    def read(self) -> dict[str, Reading]:
        """Return what each says now, by address; there may be others each time.

        Raises:
            PermanentError: They cannot be asked.
            TransientError: Nobody says now which there are.
        """


def read_all(
    pool: Executor, read: Callable[[_Asked], Reading], asked: Sequence[_Asked]
) -> list[Reading]:
    """Return what each says, asked at the same time.

    Args:
        pool: What asks.
        read: Asks one; its errors are worded as in the calling thread.
        asked: Whom to ask.
    """
    futures = [pool.submit(copy_context().run, read, one) for one in asked]
    return [future.result() for future in futures]
