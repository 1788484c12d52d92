"""The charts of the page."""

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from viewfinder_comparison.results import Comparison, Load, ServerResult
from viewfinder_components.reports.charts import SERIES, Line, Plot, Point, line_chart

_LIMIT_MS = 100


def draw_latency(comparison: Comparison) -> Markup:
    """Draw each server's 99th percentile against the rate at which requests come.

    Lines end at different rates, so a legend names them: beside their ends, names would cover other
    lines.
    """
    plot = Plot(
        "99th percentile of the latency against the rate of requests",
        "photos per second that are due (open loop)",
        "99th percentile, ms",
        logarithmic="xy",
        wide=True,
    )
    lines = []
    for number, server in enumerate(list_measured(comparison), 1):
        if points := list(_trace(server.open_loop)):
            lines.append(_make_line(points, number))
    return line_chart(plot, lines)


def draw_effort(comparison: Comparison) -> Markup | None:
    """Draw throughput against lines of code; None without two points.

    In Koul, Ganju and Kasam, "Practical Deep Learning for Cloud, Mobile, and Edge" (2019), the axes
    of this chart are argued: from a single node to scalable, and from customizable to easy.
    """
    points = list(_place_servers(list_measured(comparison)))
    if len(points) < 2:
        return None
    highest = max(point.y for point in points)
    plot = Plot(
        "Throughput against lines of code",
        f"photos per second within a p99 of {_LIMIT_MS} ms: more scale on one machine",
        "lines of code: fewer are easier",
        x_limits=(0, 1.15 * max(point.x for point in points) or 1),  # all may be at 0
        # Few lines are at the top: there is what is easy.
        y_limits=(1.25 * highest + 4, -1),
        wide=True,
        points=tuple(points),
    )
    return line_chart(plot, [])


def list_measured(comparison: Comparison) -> list[ServerResult]:
    """Return the servers that were measured, in the order of the table."""
    return [server for server in comparison.servers if server.closed_loop]


def _trace(loads: Sequence[Load]) -> Iterator[tuple[float, float]]:
    for load in loads:
        if load.rate is not None and load.p99_ms is not None and load.p99_ms.median > 0:
            yield load.rate, load.p99_ms.median


def _make_line(points: Sequence[tuple[float, float]], number: int) -> Line:
    return Line(
        [rate for rate, _ in points],
        [latency for _, latency in points],
        series=number,
        dashed=number > SERIES,
    )


def _place_servers(servers: Sequence[ServerResult]) -> Iterator[Point]:
    for server in servers:
        rate = server.photos_per_second(_LIMIT_MS)
        if server.code is not None:
            yield Point(rate or 0, server.code.lines, server.title)
