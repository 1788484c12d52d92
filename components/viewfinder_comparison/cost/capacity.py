"""What one server can answer, measured or given by hand."""

from dataclasses import dataclass
from pathlib import Path

from viewfinder_comparison.results import ServerResult, read_comparison
from viewfinder_components.errors import ParameterError, UsageError
from viewfinder_components.spelling import spell

SMALLEST_RATE = 1e-6
"""Queries per second: one in eleven days."""
LARGEST_RATE = 1e6
"""Queries per second; more than any load that one plan is made for."""


@dataclass(frozen=True)
class Capacity:
    """What one server can answer.

    Attributes:
        queries_per_second: Sustained, within the latency that is wanted.
        cores: On how many cores; a replica with more or fewer vCPUs is assumed to answer in
            proportion.
        cold_start_seconds: From the start of the process to its first right answer.
        source: Where the numbers come from, in words.
    """

    queries_per_second: float
    cores: float = 1.0
    cold_start_seconds: float = 0.0
    source: str = "given by hand"

    def __post_init__(self) -> None:
        """Refuse numbers out of range.

        Raises:
            ParameterError: One is.
        """
        need_number("queries_per_second", self.queries_per_second, above_zero=True)
        need_number("cores", self.cores, above_zero=True)
        need_number("cold_start_seconds", self.cold_start_seconds)


def need_number(name: str, value: float, *, above_zero: bool = False) -> None:
    """Refuse what is no number of a sensible size.

    Args:
        name: What has the value.
        value: The value.
        above_zero: Whether 0 is refused, too, and what is as good as 0.

    Raises:
        ParameterError: It is not.
    """
    fits = isinstance(value, int | float) and not isinstance(value, bool)
    least = SMALLEST_RATE if above_zero else 0.0
    if not fits or not least <= value <= LARGEST_RATE:
        rule = f"a number from {'0.000001' if above_zero else 0} to {LARGEST_RATE:,.0f}"
        raise ParameterError(name, rule, value)


def read_capacity(
    comparison: str | Path, server: str = "viewfinder", p99_ms: int | None = None
) -> Capacity:
    """Read what a server can answer from a comparison.

    Of the file that `viewfinder compare` wrote, schema version 1 (`viewfinder_comparison.results`),
    this uses: `machine.cores`; and of the server called `name`, `throughput` (with `p99_limit_ms`
    and `photos_per_second.median`) and `cold_start_seconds.median`.

    Args:
        comparison: The file, or its folder.
        server: The server's name in it.
        p99_ms: The latency that 99 of 100 requests must keep, in milliseconds. The capacity is the
            one within the largest measured limit that is not above it; None for the largest of all.

    Raises:
        UsageError: The comparison lacks the server, or a capacity within that latency.
        PermanentError: The file is missing, or no comparison.
    """
    found = read_comparison(Path(comparison))
    servers = {one.name: one for one in found.servers}
    if server not in servers:
        raise UsageError(
            f"one of the servers in {comparison}: {', '.join(servers) or 'none'}",
            server,
            f"choose one with {spell('server', 'NAME')}",
        )
    limit, rate = _choose_throughput(servers[server], p99_ms)
    cold = servers[server].cold_start_seconds
    return Capacity(
        rate,
        found.machine.cores,
        cold.median if cold else 0.0,
        f"{servers[server].title}, measured within {limit} ms on {found.machine.cores} cores of "
        f"{found.machine.processor}",
    )


def _choose_throughput(server: ServerResult, p99_ms: int | None) -> tuple[int, float]:
    rates = {
        one.p99_limit_ms: one.photos_per_second.median
        for one in server.throughput
        if one.photos_per_second is not None and one.photos_per_second.median > 0
    }
    fitting = [limit for limit in rates if p99_ms is None or limit <= p99_ms]
    if not fitting:
        within = "any limit" if p99_ms is None else f"{p99_ms} ms"
        measured = ", ".join(f"{limit} ms" for limit in sorted(rates))
        raise UsageError(
            f"a throughput of {server.name} within {within}",
            f"throughputs within {measured}" if rates else server.reason or "none",
            f"set a larger {spell('p99_ms')}" if rates else "choose another server",
        )
    return max(fitting), rates[max(fitting)]
