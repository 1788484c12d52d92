"""Findings about drift as a table."""

import pyarrow as pa

from viewfinder_pipelines.drift.findings import Drift

_COLUMNS = {
    "name": pa.string(),
    "precision": pa.string(),
    "photos": pa.int64(),
    "statistic": pa.float64(),
    "limit": pa.float64(),
    "moved": pa.float64(),
    "has_drifted": pa.bool_(),
    "since": pa.timestamp("us", "UTC"),
    "sentence": pa.string(),
}


def tabulate(drift: Drift) -> pa.Table:
    """Return a row for each measure of each version, in the order of the findings."""
    rows = [
        {"version": version.version, **{name: getattr(measure, name) for name in _COLUMNS}}
        for version in drift.versions
        for measure in version.measures
    ]
    return pa.Table.from_pylist(rows, pa.schema({"version": pa.string(), **_COLUMNS}))
