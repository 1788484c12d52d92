"""The page of a comparison."""

from collections.abc import Sequence
from pathlib import Path

from viewfinder_comparison.report.figures import draw_effort, draw_latency, list_measured
from viewfinder_comparison.report.rows import load_rows, number, overload_rows, summary_rows
from viewfinder_comparison.report.table import describe_conditions, write_table
from viewfinder_comparison.results import (
    FILE,
    P99_LIMITS_MS,
    Comparison,
    ServerResult,
    write_comparison,
)
from viewfinder_components.reports.page import render
from viewfinder_components.whole_files import write_text

PAGE = "comparison.html"
TABLE = "comparison.md"
_LIMIT_MS = 100  # of the key figures


def write_report(folder: Path, comparison: Comparison) -> Path:
    """Write the JSON, the page and the table; return the page's path."""
    write_comparison(folder / FILE, comparison)
    write_text(folder / TABLE, write_table(comparison))
    write_text(folder / PAGE, render_comparison(comparison))
    return folder / PAGE


def render_comparison(comparison: Comparison) -> str:
    """Return the page: throughput, latency, overload, cost of each way, and how it was measured."""
    measured = list_measured(comparison)
    return render(
        "viewfinder_comparison.report/comparison.html",
        comparison=comparison,
        conditions=describe_conditions(comparison),
        limits=P99_LIMITS_MS,
        measured=measured,
        others=[one for one in comparison.servers if one.reason],
        tiles=_list_tiles(measured),
        rows=summary_rows(comparison),
        overload=overload_rows(comparison),
        load_rows=load_rows,
        latency=draw_latency(comparison),
        legend=[{"name": one.title, "text": ""} for one in measured],
        effort=draw_effort(comparison),
        client=max([load.client_cpu_share for one in measured for load in one.closed_loop] or [0]),
    )


def _list_tiles(measured: Sequence[ServerResult]) -> list[tuple[str, str, str]]:
    """Return the key figures: a label, a value and a note for each."""
    if not measured:
        return []
    fastest = max(measured, key=lambda one: one.photos_per_second(_LIMIT_MS) or 0)
    quickest = min(measured, key=_cold_start)
    slimmest = min(measured, key=lambda one: one.memory_mb.highest if one.memory_mb else 0)
    rate = fastest.photos_per_second(_LIMIT_MS)
    tiles = [
        (
            f"Most photos per second within {_LIMIT_MS} ms",
            number(rate),
            fastest.title if rate else "no server, at no rate that was tried",
        ),
        ("Fastest cold start", f"{_cold_start(quickest):.1f} s", quickest.title),
    ]
    if slimmest.memory_mb:
        tiles.append(("Least memory", f"{slimmest.memory_mb.highest:.0f} MB", slimmest.title))
    return tiles


def _cold_start(server: ServerResult) -> float:
    return server.cold_start_seconds.median if server.cold_start_seconds else float("inf")
