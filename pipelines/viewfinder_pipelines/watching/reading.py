"""What one predictor said when it was asked."""

import time
from dataclasses import dataclass
from typing import Protocol, Self

from viewfinder_pipelines.watching.samples import Samples


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
        """Return what each says now, by address; there may be others each time."""
