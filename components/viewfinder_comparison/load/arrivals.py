"""When the requests of an open-loop measurement are due."""

import numpy as np
from numpy.typing import NDArray

from viewfinder_comparison.load.plan import Arrivals


def schedule(rate: float, seconds: float, arrivals: Arrivals, seed: int) -> NDArray[np.float64]:
    """Return when requests are due, in seconds from the start, in order.

    Args:
        rate: Requests per second, on average.
        seconds: All times are below this.
        arrivals: `poisson`, independent users, whose requests sometimes come close together; or
            `constant`, one every `1 / rate` seconds.
        seed: Of the random times.
    """
    if arrivals == "constant":
        return np.arange(max(1, round(rate * seconds))) / rate
    generator = np.random.default_rng(seed)
    # Given their number, the arrivals of a Poisson process are uniformly distributed.
    number = max(1, int(generator.poisson(rate * seconds)))
    return np.sort(generator.uniform(0, seconds, number))
