"""The numbers of the page's tables, as text."""

from collections.abc import Sequence
from typing import Any

from viewfinder_comparison.report.figures import list_measured
from viewfinder_comparison.results import (
    P99_LIMITS_MS,
    Comparison,
    Load,
    Outcomes,
    ServerResult,
    Spread,
)
from viewfinder_components.reports.formatting import MISSING, plural

_TENS = 10


def number(value: float | None) -> str:
    """Return a number with one decimal, or from 10 on with none."""
    if value is None:
        return MISSING
    return f"{value:,.0f}" if value >= _TENS else f"{value:.1f}"


def spread(value: Spread | None) -> str:
    """Return a median with the range of the rounds, if they differ as written."""
    if value is None:
        return MISSING
    return f"{number(value.median)} {describe_range(value)}".rstrip()


def describe_range(value: Spread) -> str:
    """Return the lowest and the highest of the rounds; nothing if they do not differ as written."""
    lowest, highest = number(value.lowest), number(value.highest)
    return f"({lowest} to {highest})" if lowest != highest else ""


def summary_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """Return a row for each measured server: throughput within the limits, and what it costs."""
    servers = list_measured(comparison)
    best = {limit: _best(servers, limit) for limit in P99_LIMITS_MS}
    return [
        {
            "title": server.title,
            "is_ours": server.name.startswith("viewfinder"),
            "rates": [_rate(server, limit, best[limit]) for limit in P99_LIMITS_MS],
            "cold_start": spread(server.cold_start_seconds),
            "memory": number(server.memory_mb.highest if server.memory_mb else None),
            "install": number(server.install_mb),
            "cpu": spread(server.cpu_seconds_per_1000_photos),
            "lines": server.code.lines if server.code else MISSING,
        }
        for server in servers
    ]


def load_rows(loads: Sequence[Load]) -> list[dict[str, str]]:
    """Return a row for each measurement of a server."""
    return [
        {
            "name": plural(load.clients, "client")
            if load.clients
            else f"{number(load.rate)}/s due",
            "rate": spread(load.photos_per_second),
            **_percentiles(load),
            "outcomes": describe_outcomes(load.outcomes),
            "client": f"{load.client_cpu_share:.2f}",
        }
        for load in loads
    ]


def overload_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """Return a row for each server under overload, with the parts of its bar."""
    return [
        {
            "title": server.title,
            "due": number(server.overload.rate),
            "rate": spread(server.overload.photos_per_second),
            "p99": _percentiles(server.overload)["p99"],
            "parts": list_parts(server.overload.outcomes),
        }
        for server in list_measured(comparison)
        if server.overload is not None
    ]


def list_parts(outcomes: Outcomes) -> list[dict[str, Any]]:
    """Return what became of requests as answered, refused and lost, each with its share."""
    lost = outcomes.failed + outcomes.unanswered + outcomes.lost
    counts = {"answered": outcomes.answered, "refused": outcomes.refused, "lost": lost}
    total = max(1, outcomes.sent)
    return [
        {"name": name, "share": count / total, "text": f"{100 * count / total:.0f}%"}
        for name, count in counts.items()
    ]


def describe_outcomes(outcomes: Outcomes) -> str:
    """Return what became of the requests that were not answered, in words."""
    counts = {
        "refused": outcomes.refused,
        "failed": outcomes.failed,
        "unanswered": outcomes.unanswered,
        "lost": outcomes.lost,
    }
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)


def _percentiles(load: Load) -> dict[str, str]:
    if load.latency_ms is None:
        return dict.fromkeys(("p50", "p95", "p99", "p99_9"), MISSING)
    return {name: number(value) for name, value in load.latency_ms.model_dump().items()}


def _best(servers: Sequence[ServerResult], limit: int) -> float:
    return max([server.photos_per_second(limit) or 0 for server in servers], default=0) or 1


def _rate(server: ServerResult, limit: int, best: float) -> dict[str, Any]:
    found = next((one for one in server.throughput if one.p99_limit_ms == limit), None)
    rate = found.photos_per_second if found else None
    return {
        "text": spread(rate),
        "median": number(rate.median if rate else None),
        "range": describe_range(rate) if rate else "",
        "share": (rate.median if rate else 0) / best,
    }
