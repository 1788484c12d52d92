"""Summarize the rounds of one server."""

import statistics
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from viewfinder_comparison.load.percentiles import summarize_latency
from viewfinder_comparison.load.samples import Outcome, Samples
from viewfinder_comparison.measurement.record import LoadRecord, RoundRecord, Rounds
from viewfinder_comparison.results import (
    P99_LIMITS_MS,
    Latency,
    Load,
    Outcomes,
    ServerResult,
    Spread,
    Throughput,
)
from viewfinder_comparison.servers.environments import Environment
from viewfinder_comparison.servers.server import Server
from viewfinder_comparison.servers.user_code import read_code

_IN_TIME = 0.99
"""The share of all requests that must be answered in time, for a p99 within a limit."""

Measured = tuple[LoadRecord, Samples]


def summarize(
    server: Server,
    environment: Environment,
    rounds: Rounds,
    records: dict[int, RoundRecord],
    reason: str | None,
) -> ServerResult:
    """Return a server's row.

    Args:
        server: The server.
        environment: Where it is installed.
        rounds: Where its samples are.
        records: Its finished rounds by number, at least one.
        reason: Why there are not more rounds, if so.
    """
    measured = [
        [(load, rounds.samples(server.name, number, load)) for load in record.loads]
        for number, record in records.items()
    ]
    memory = [one.memory_bytes for one in records.values()]
    overload = _merge(measured, "overload")
    return ServerResult(
        **describe(server, environment),
        state="measured",
        reason=reason,
        throughput=tuple(_throughput(measured, limit) for limit in P99_LIMITS_MS),
        closed_loop=_merge(measured, "closed"),
        open_loop=_merge(measured, "open"),
        overload=overload[0] if overload else None,
        cold_start_seconds=_spread(one.cold_start_seconds for one in records.values()),
        memory_mb=_spread(value and value / 1e6 for value in memory),
        cpu_seconds_per_1000_photos=_spread(
            one.cpu_seconds_per_1000_photos for one in records.values()
        ),
        largest_difference=max(one.largest_difference for one in records.values()),
    )


def describe(server: Server, environment: Environment | None) -> dict[str, Any]:
    """Return what is known of a server without measuring it."""
    described: dict[str, Any] = {
        "name": server.name,
        "title": server.title,
        "setup": server.setup,
        "scaling": server.scaling,
        "freedom": server.freedom,
        "code": read_code(server),
    }
    if environment is not None:
        described["packages"] = environment.packages
        described["install_mb"] = environment.size and environment.size / 1e6
    return described


def _throughput(measured: Sequence[Sequence[Measured]], limit_ms: int) -> Throughput:
    """Return the highest rate in each round up to which all rates kept within a limit."""
    values = [_highest_rate(one_round, limit_ms / 1e3) for one_round in measured]
    spread = Spread.of(values) if statistics.median(values) > 0 else None
    return Throughput(p99_limit_ms=limit_ms, photos_per_second=spread)


def _highest_rate(one_round: Sequence[Measured], limit: float) -> float:
    highest = 0.0
    for load, samples in one_round:
        if load.kind == "open":
            if samples.share_within(limit) < _IN_TIME:
                break
            highest = load.rate or 0.0
    return highest


def _merge(measured: Sequence[Sequence[Measured]], kind: str) -> tuple[Load, ...]:
    """Return each load of a kind over all rounds, in the order of the first round."""
    by_file: dict[str, list[Measured]] = {}
    for load, samples in (one for one_round in measured for one in one_round):
        if load.kind == kind:
            by_file.setdefault(load.file, []).append((load, samples))
    return tuple(_merge_one(several) for several in by_file.values())


def _merge_one(several: Sequence[Measured]) -> Load:
    first, all_samples = several[0][0], [samples for _, samples in several]
    p99 = [one.p99 for one in map(_latency, all_samples) if one is not None]
    seconds = sum(max(load.seconds, samples.duration) for load, samples in several)
    return Load(
        clients=first.clients,
        rate=first.rate,
        photos_per_second=Spread.of(
            [samples.answers_per_second(load.seconds) for load, samples in several]
        ),
        latency_ms=summarize_latency(np.concatenate([one.latencies for one in all_samples])),
        p99_ms=Spread.of(p99) if p99 else None,
        outcomes=_count(all_samples),
        client_cpu_share=sum(one.cpu_seconds for one in all_samples) / seconds,
    )


def _latency(samples: Samples) -> Latency | None:
    return summarize_latency(samples.latencies)


def _count(all_samples: Sequence[Samples]) -> Outcomes:
    return Outcomes(
        **{
            outcome.name.lower(): sum(one.count(outcome) for one in all_samples)
            for outcome in Outcome
        }
    )


def _spread(values: Iterable[float | None]) -> Spread | None:
    listed = [value for value in values if value is not None]
    return Spread.of(listed) if listed else None
