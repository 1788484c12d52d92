"""The page of a served model: requests and latency over time, with its cold starts."""

import math
from collections.abc import Callable, Sequence
from itertools import groupby

from markupsafe import Markup

from viewfinder_components.reports.charts import Line, Plot, line_chart
from viewfinder_components.reports.formatting import MISSING
from viewfinder_components.reports.page import render
from viewfinder_pipelines.watching.cold_starts import ColdStart, find_cold_starts
from viewfinder_pipelines.watching.figures import ServingFigures

_MOST_POINTS = 300  # of a line: a pixel or two each
_SHARES = ("p50", "p95", "p99")
_LEAST_SECONDS = 0.001  # a logarithmic axis has no 0
_WAITING = "a request that waits for the start"
_Values = list[float | None]


def render_serving(title: str, readings: Sequence[ServingFigures]) -> str:
    """Return the page.

    Args:
        title: What was watched.
        readings: In the order of their times, at least one.
    """
    starts = find_cold_starts(readings)
    p99 = _column(readings, lambda one: one.p99_seconds)
    rates = _column(readings, lambda one: one.requests_per_second)
    legend = [*_SHARES, *([_WAITING] if starts else [])]
    return render(
        "viewfinder_pipelines.watching/serving.html",
        name=title,
        first=readings[0].time,
        last=readings[-1].time,
        final=next((one for one in reversed(readings) if not one.problem), readings[-1]),
        requests=_draw_requests(readings, starts),
        latency=_draw_latency(readings, starts),
        legend=[{"name": text, "text": ""} for text in legend],
        starts=starts,
        mean_rate=_mean(rates),
        highest_rate=max((rate for rate in rates if rate is not None), default=None),
        highest_p99=max((value for value in p99 if value is not None), default=None),
        readings=len(readings),
        rate=_write_rate,
    )


def _write_rate(rate: float | None) -> str:
    if rate is None:
        return MISSING
    return f"{rate:,.0f}/s" if rate >= 100 else f"{rate:.3g}/s"


def _column(
    readings: Sequence[ServingFigures], take: Callable[[ServingFigures], float | None]
) -> _Values:
    return [take(one) for one in readings]


def _draw_requests(readings: Sequence[ServingFigures], starts: Sequence[ColdStart]) -> Markup:
    seconds, unit = _choose_unit(readings)
    values = _column(readings, lambda one: one.requests_per_second)
    x, y = _thin(readings, values, _mean)
    highest = max((value for value in y if not math.isnan(value)), default=0.0)
    plot = Plot(
        "Requests a second",
        f"{unit} since {readings[0].time:%H:%M:%S} UTC",
        "requests/s",
        x_limits=(0.0, _last(readings) / seconds),
        y_limits=(0.0, 1.1 * highest or 1.0),
        marks=_mark(starts, seconds),
        wide=True,
    )
    return line_chart(plot, [Line([one / seconds for one in x], y)])


def _draw_latency(readings: Sequence[ServingFigures], starts: Sequence[ColdStart]) -> Markup:
    seconds, unit = _choose_unit(readings)
    lines = []
    for series, share in enumerate(_SHARES, 1):
        values: _Values = [getattr(one, f"{share}_seconds") for one in readings]
        x, y = _thin(readings, values, _highest)
        while y and math.isnan(y[-1]):  # the label is at the end of the line
            x, y = x[:-1], y[:-1]
        if y:
            lines.append(Line([one / seconds for one in x], y, series, label=share))
    for start in starts:
        times = [start.begin + part / 40 * start.seconds for part in range(41)]
        waits = [max(start.end - time, _LEAST_SECONDS) for time in times]
        x = [time / seconds for time in times]
        lines.append(Line(x, waits, len(_SHARES) + 1, dashed=True))
    plot = Plot(
        "Latency",
        f"{unit} since {readings[0].time:%H:%M:%S} UTC",
        "seconds",
        x_limits=(0.0, _last(readings) / seconds),
        marks=_mark(starts, seconds),
        logarithmic="y",
        wide=True,
    )
    return line_chart(plot, lines)


def _choose_unit(readings: Sequence[ServingFigures]) -> tuple[float, str]:
    return (60.0, "minutes") if _last(readings) >= 120 else (1.0, "seconds")


def _last(readings: Sequence[ServingFigures]) -> float:
    """Return the time of the last reading, in seconds since the first one; more than 0."""
    return max((readings[-1].time - readings[0].time).total_seconds(), 1.0)


def _mark(starts: Sequence[ColdStart], seconds: float) -> tuple[tuple[float, str], ...]:
    return tuple((start.end / seconds, f"ready after {start.seconds:.1f} s") for start in starts)


def _thin(
    readings: Sequence[ServingFigures],
    values: _Values,
    combine: Callable[[_Values], float | None],
) -> tuple[list[float], list[float]]:
    """Return times in seconds since the first reading, and values; NaN is a gap in the line."""
    times = [(one.time - readings[0].time).total_seconds() for one in readings]
    width = max(times[-1] / _MOST_POINTS, 1e-9)
    x, y = [], []
    for _, part in groupby(zip(times, values, strict=True), lambda pair: int(pair[0] / width)):
        together = list(part)
        x.append(together[0][0])
        value = combine([value for _, value in together])
        y.append(math.nan if value is None else value)
    return x, y


def _mean(values: _Values) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _highest(values: _Values) -> float | None:
    return max((value for value in values if value is not None), default=None)
