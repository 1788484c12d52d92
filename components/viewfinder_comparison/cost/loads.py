"""A load: its mean, and how it varies over the day."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Load:
    """The shape of a load, and its size if known.

    Attributes:
        shape: The load of each part of the day as a multiple of the mean; the parts are equally
            long, and the mean of the shape is 1.
        mean: Queries per second; None if only costs against load are wanted.
        hours: Length of the day in hours, 24 unless clocks are changed.
        source: Where it comes from, in words.
    """

    shape: tuple[float, ...] = (1.0,)
    mean: float | None = None
    hours: float = 24.0
    source: str = "constant, all day"

    @property
    def is_constant(self) -> bool:
        """Whether every part of the day has the same load."""
        return min(self.shape) == max(self.shape)

    @property
    def peak(self) -> float:
        """The busiest part as a multiple of the mean."""
        return max(self.shape)

    def over_the_day(self, means: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the load of each part of the day.

        Args:
            means: float64 `[loads]`, queries per second.

        Returns:
            float64 `[loads, parts]`, queries per second.
        """
        return np.outer(means, np.asarray(self.shape))
