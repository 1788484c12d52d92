"""The page about a served model's drift."""

from datetime import datetime

from viewfinder_components.monitoring.measure_words import find_words
from viewfinder_components.reports.page import render
from viewfinder_pipelines.drift import sentences
from viewfinder_pipelines.drift.bars import draw_bars
from viewfinder_pipelines.drift.findings import Drift, MeasureDrift
from viewfinder_pipelines.drift.timelines import draw_timeline

_MOST_CLASSES = 12
_OTHERS = "all others"


def render_drift(drift: Drift) -> str:
    """Return the page: what has moved, since when, with distributions and timelines."""
    return render(
        "viewfinder_pipelines.drift/drift.html",
        drift=drift,
        write_time=_write_time,
        conclude=sentences.conclude,
        extent=sentences.describe_extent,
        since=lambda one: sentences.describe_time(one, _write_time),
        resolution=sentences.describe_resolution(drift),
        bars=draw_bars,
        timeline=lambda one: draw_timeline(drift, one),
        classes=_list_classes,
        words=find_words,
    )


def _write_time(time: datetime) -> str:
    return f"{time.day} {time:%B %Y, %H:%M} UTC"


def _list_classes(measure: MeasureDrift) -> list[tuple[str, float, float]]:
    """Return classes with what was expected and what came, those that changed most first."""
    rows = sorted(
        zip(measure.bins, measure.expected, measure.present, strict=True),
        key=lambda row: -abs(row[1] - row[2]),
    )
    shown, rest = rows[:_MOST_CLASSES], rows[_MOST_CLASSES:]
    if rest:
        shown.append((_OTHERS, sum(row[1] for row in rest), sum(row[2] for row in rest)))
    return shown
