"""Compare two classifiers on the same photos."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class PairedDifference:
    """How much more often the model is right than the champion, with its uncertainty.

    Both answered the same photos, so only the photos that one gets right and the other does not
    distinguish them. With `b` photos that only the model gets right, `c` that only the champion
    does and `n` photos in all (Agresti, Categorical Data Analysis, section on matched pairs)::

        d = (b - c) / n        SE(d) = sqrt(b + c - (b - c)^2 / n) / n

    and the interval is `d - z SE(d)` to `d + z SE(d)`, computed with b + 0.5, c + 0.5 and n + 2
    (Agresti and Min, Simple improved confidence intervals for comparing matched proportions,
    Statistics in Medicine 24, 2005): without that, SE is 0 on a handful of photos and a single
    photo would condemn a model.
    """

    photos: int
    only_model: int
    """Photos that the model gets right and the champion wrong."""
    only_champion: int
    """Photos that the champion gets right and the model wrong."""
    difference: float
    """The model's accuracy minus the champion's, -1 to 1."""
    low: float
    high: float

    @property
    def is_worse(self) -> bool:
        """Whether the whole interval lies below 0: worse by more than its uncertainty."""
        return self.high < 0

    @classmethod
    def of(cls, model: NDArray[np.bool_], champion: NDArray[np.bool_], confidence: float) -> Self:
        """Compare the two.

        Args:
            model: bool `[n]`, whether the model gets each photo right; n is at least 1.
            champion: bool `[n]`, the same for the champion.
            confidence: Level of the interval, 0 to 1.
        """
        photos = len(model)
        only_model = int((model & ~champion).sum())
        only_champion = int((champion & ~model).sum())
        b, c, n = only_model + 0.5, only_champion + 0.5, photos + 2
        middle = (b - c) / n
        reach = NormalDist().inv_cdf(0.5 + confidence / 2) * sqrt(b + c - (b - c) ** 2 / n) / n
        return cls(
            photos=photos,
            only_model=only_model,
            only_champion=only_champion,
            difference=(only_model - only_champion) / photos,
            low=max(middle - reach, -1.0),
            high=min(middle + reach, 1.0),
        )
