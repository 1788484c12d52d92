"""Findings about drift as JSON's types."""

from datetime import datetime, timedelta
from typing import Any

from viewfinder_pipelines.drift.findings import Drift, MeasureDrift, VersionDrift

SCHEMA_VERSION = 1


def drift_to_json(drift: Drift) -> dict[str, Any]:
    """Return the findings as mappings, lists, texts, numbers and None; times are in ISO 8601."""
    return {
        "schema_version": SCHEMA_VERSION,
        "name": drift.name,
        "source": drift.source,
        "has_drifted": drift.has_drifted,
        "start": _write_time(drift.start),
        "end": _write_time(drift.end),
        "step_seconds": _count_seconds(drift.step),
        "stretch_seconds": _count_seconds(drift.stretch),
        "unread": dict(drift.unread),
        "versions": [_version_to_json(one) for one in drift.versions],
    }


def _version_to_json(version: VersionDrift) -> dict[str, Any]:
    return {
        **vars(version),
        "has_too_few": version.has_too_few,
        "problems": list(version.problems),
        "measures": [_measure_to_json(one) for one in version.measures],
    }


def _measure_to_json(measure: MeasureDrift) -> dict[str, Any]:
    lists = {name: list(getattr(measure, name)) for name in ("bins", "edges")}
    shares = {name: list(getattr(measure, name)) for name in ("expected", "present")}
    points = [
        {"time": _write_time(one.time), "statistic": one.statistic, "has_drifted": one.has_drifted}
        for one in measure.timeline
    ]
    return {
        **vars(measure),
        **lists,
        **shares,
        "since": _write_time(measure.since),
        "until": _write_time(measure.until),
        "timeline": points,
    }


def _write_time(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _count_seconds(time: timedelta | None) -> float | None:
    return None if time is None else time.total_seconds()
