"""How servers are measured."""

from dataclasses import dataclass, replace

from viewfinder_comparison.load.plan import Arrivals


@dataclass(frozen=True)
class Procedure:
    """The loads of one round, and how often it is repeated."""

    rounds: int = 3
    """All servers are measured once, then all again, so that a busy minute meets several."""
    seconds: float = 4.0
    """The length of each measurement."""
    clients: tuple[int, ...] = (1, 4, 16)
    """Closed-loop: numbers of clients; the capacity is the highest throughput among them."""
    shares: tuple[float, ...] = (0.25, 0.5, 0.7, 0.8, 0.9, 1.0)
    """Open-loop: rates, as shares of the capacity, rising."""
    overload: float = 3.0
    """Open-loop: the rate of the overload, as a multiple of the capacity."""
    warm_up_seconds: float = 2.0
    """Closed-loop with the most clients, before anything is measured; not counted."""
    timeout: float = 5.0
    """Seconds after which a request counts as unanswered."""
    arrivals: Arrivals = "poisson"


QUICK = Procedure(rounds=1, seconds=1.5, shares=(0.25, 0.5, 0.8, 1.0), warm_up_seconds=1.0)
"""A first impression, in about half a minute for each server."""


def choose_procedure(quick: bool, seconds: float | None, rounds: int | None) -> Procedure:
    """Return the procedure with what its user wants otherwise.

    Args:
        quick: Whether to start from `QUICK`.
        seconds: Length of each measurement; None for the procedure's own.
        rounds: How many; None for the procedure's own.
    """
    procedure = QUICK if quick else Procedure()
    return replace(
        procedure, seconds=float(seconds or procedure.seconds), rounds=rounds or procedure.rounds
    )
