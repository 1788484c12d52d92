"""How large the statistic of a measure becomes by chance: its limit, by resampling.

What the reference says about the true shares of the bins is Jeffreys' posterior, a Dirichlet
distribution with the reference's counts and a half more in each bin. For bins that were cut at
quantiles of the reference it is, but for these halves, the exact distribution of what the bins
hold. From it, true shares are drawn again and again, and from each a window of photos.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.formats.drift_reference import Measure

_SEED = 0  # the same reference always has the same limits
_MOST_DRAWS = 50_000
_TAIL = 150  # of these draws, the highest, from which the quantile is read or extrapolated


def set_limits(
    measures: Iterable[Measure], rate: float, photos: int, windows: Sequence[int]
) -> tuple[Measure, ...]:
    """Give every measure its limit.

    Args:
        measures: Without limits.
        rate: Probability that one measure exceeds its limit in one window without drift, above 0.
        photos: Number of reference photos, as the statistic has it.
        windows: Photos in a window; the limit is the largest over these.
    """
    return tuple(
        replace(measure, limit=_find_limit(measure.counts, rate, photos, tuple(windows)))
        for measure in measures
    )


# Most measures have the same counts, because their bins hold equally many photos.
@lru_cache(maxsize=64)
def _find_limit(
    counts: tuple[int, ...], rate: float, photos: int, windows: tuple[int, ...]
) -> float:
    bare = Measure("", (), counts, math.inf)
    draws = min(_MOST_DRAWS, round(_TAIL / rate))
    return max(_find_quantile(_resample(bare, photos, window, draws), rate) for window in windows)


def _resample(measure: Measure, photos: int, window: int, draws: int) -> NDArray[np.float64]:
    """Return the statistic of many windows of photos like the reference's, float64 `[draws]`."""
    random = np.random.default_rng(_SEED)
    true = random.dirichlet(np.asarray(measure.counts) + 0.5, draws)
    shares = random.multinomial(window, true) / window
    distance: NDArray[np.float64] = ((shares - measure.shares) ** 2 / measure.shares).sum(axis=1)
    return window * photos / (window + photos) * distance


def _find_quantile(values: NDArray[np.float64], rate: float) -> float:
    """Return what the share `rate` of the values exceeds.

    Far out, few values decide. There the tail is taken to fall like an exponential function, as
    that of a chi-square variable does. A bin that is nearly empty has a longer tail, so its measure
    exceeds the limit up to twice as often.
    """
    tail = np.sort(values)[-_TAIL - 1 :]
    excess = float((tail[1:] - tail[0]).mean())
    return float(tail[0]) + excess * max(math.log(_TAIL / (rate * len(values))), 0)
