"""Findings about drift in sentences, for the terminal and the page."""

from collections.abc import Callable
from datetime import datetime, timedelta

from viewfinder_components.reports.formatting import plural
from viewfinder_pipelines.drift.findings import Drift, MeasureDrift, VersionDrift

WriteTime = Callable[[datetime], str]


def conclude(version: VersionDrift) -> str:
    """Return what is to be said first about a version."""
    if not version.measures:
        return "nothing can be said"
    if version.has_too_few:
        return (
            f"too few photos to conclude anything: {version.photos:,}, and "
            f"at least {version.least_photos:,} are needed"
        )
    count = len(version.drifted)
    of = f"{count:,} of {plural(len(version.measures), 'measure')}"
    return f"{of} {'has' if count == 1 else 'have'} drifted" if count else "no drift"


def describe_extent(measure: MeasureDrift) -> str:
    """Return how far a measure is from what was expected, in a sentence without its end."""
    times = measure.times_limit
    words = f"{times:.3g} times its limit" if times >= 1 else f"{times:.0%} of its limit"
    return (
        f"{measure.moved:.0%} of {plural(measure.photos, 'photo')} moved; "
        f"statistic {measure.statistic:.4g}, limit {measure.limit:.4g}: {words}"
    )


def describe_time(measure: MeasureDrift, write: WriteTime) -> str:
    """Return since when a measure has been beyond its limit; empty if that is not known.

    A measure within its limit over the whole window is told of only if it is beyond it now.

    Args:
        measure: The measure.
        write: Writes a time.
    """
    if not measure.has_drifted and measure.until is not None:
        return ""
    if measure.since is None:
        return ""
    if measure.until is not None:
        if measure.until == measure.since:
            return f"beyond its limit at {write(measure.since)} only"
        return f"beyond its limit from {write(measure.since)} to {write(measure.until)}"
    beyond = "beyond" if measure.has_drifted else "over the whole window; beyond"
    or_earlier = " or earlier" if measure.since == measure.timeline[0].time else ""
    return f"{beyond} its limit since {write(measure.since)}{or_earlier}"


def describe_resolution(drift: Drift) -> str:
    """Return how exact the times are; empty without timelines."""
    if drift.step is None or drift.stretch is None:
        return ""
    return (
        f"One point every {name_length(drift.step)}; each is about the photos of the "
        f"{name_length(drift.stretch)} before it."
    )


def name_length(time: timedelta) -> str:
    """Return a length of time as it stands after `the` or `every`: `hour`, `15 minutes`.

    Args:
        time: At least a second.
    """
    seconds = round(time.total_seconds())
    sizes = (("day", 86400), ("hour", 3600), ("minute", 60))
    unit, size = next((pair for pair in sizes if seconds % pair[1] == 0), ("second", 1))
    return unit if seconds == size else plural(seconds // size, unit)
