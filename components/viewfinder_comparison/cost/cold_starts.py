"""Scale to zero with random arrivals: how long a replica is paid for, and who waits for its start.

Requests arrive as a Poisson process of rate r. At zero replicas, a request starts one, which takes
c seconds; requests that arrive meanwhile wait for it as well. The replica stops after w seconds
without a request. From the end of a start, a gap of w seconds is complete after (exp(r w) - 1) / r
seconds on average (J. Adams, "Road traffic considered as a random series", Journal of the
Institution of Civil Engineers 4, 1936); then the next request comes after 1 / r. So a cycle lasts
c + exp(r w) / r seconds, in which r c + exp(r w) requests arrive, and 1 + r c of them wait. The
shares below follow from the renewal-reward theorem (S. M. Ross, "Introduction to Probability
Models", chapter 7). The time to answer a request is left out: it is short compared with w.
"""

import numpy as np
from numpy.typing import NDArray

Rates = NDArray[np.float64]
_LARGEST_EXPONENT = 700.0  # exp of more overflows; its inverse is 0 for any purpose here


def share_running(rates: Rates, idle_seconds: float, start_seconds: float) -> Rates:
    """Return the share of time in which at least one replica is starting or running.

    Args:
        rates: float64, requests per second, from 0.
        idle_seconds: How long the last replica waits for a request before it stops.
        start_seconds: How long a start takes.
    """
    started = rates * start_seconds
    return np.asarray(1 - 1 / (started + _requests_until_gap(rates, idle_seconds)))


def share_waiting(rates: Rates, idle_seconds: float, start_seconds: float) -> Rates:
    """Return the share of requests that wait for a start; arguments as for `share_running`."""
    started = rates * start_seconds
    return np.asarray((1 + started) / (started + _requests_until_gap(rates, idle_seconds)))


def mean_wait(rates: Rates, start_seconds: float) -> Rates:
    """Return how long a request waits that does, in seconds: the first whole, others half a start.

    Args:
        rates: float64, requests per second, from 0.
        start_seconds: How long a start takes.
    """
    others = rates * start_seconds
    return np.asarray(start_seconds * (1 + others / 2) / (1 + others))


def _requests_until_gap(rates: Rates, idle_seconds: float) -> Rates:
    return np.exp(np.minimum(rates * idle_seconds, _LARGEST_EXPONENT))
