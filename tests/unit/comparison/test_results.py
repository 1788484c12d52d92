"""The format of a comparison: written, read again, and refused when it is something else."""

import json
from pathlib import Path

import pytest
from tests.fixtures.comparisons import make_comparison

from viewfinder_comparison.results import (
    Comparison,
    Spread,
    read_comparison,
    write_comparison,
)
from viewfinder_components.errors import PermanentError


def test_a_comparison_is_read_as_it_was_written(tmp_path: Path) -> None:
    comparison = make_comparison()
    write_comparison(tmp_path / "comparison.json", comparison)
    assert read_comparison(tmp_path) == comparison
    assert read_comparison(tmp_path / "comparison.json") == comparison


def test_the_schema_describes_what_is_written(tmp_path: Path) -> None:
    import jsonschema

    write_comparison(tmp_path / "comparison.json", make_comparison())
    written = json.loads((tmp_path / "comparison.json").read_text())
    jsonschema.validate(written, Comparison.model_json_schema())


def test_throughput_within_a_limit() -> None:
    fast, slow = make_comparison().servers[:2]
    assert fast.photos_per_second(50) == 100
    assert slow.photos_per_second(50) is None
    assert slow.photos_per_second(70) is None, "a limit that was not measured"


def test_a_spread_keeps_its_values() -> None:
    spread = Spread.of([3.0, 1.0, 2.0])
    assert (spread.median, spread.lowest, spread.highest) == (2, 1, 3)
    assert spread.values == (3, 1, 2)


@pytest.mark.parametrize(
    ("change", "received"),
    [
        ({"schema_version": 2}, "received 2"),
        ({"servers": [{"name": "a", "title": "A", "state": "odd"}]}, "servers.0.state"),
        ({"machine": None}, "machine"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, change: dict[str, object], received: str) -> None:
    values = make_comparison().model_dump(mode="json") | change
    (tmp_path / "comparison.json").write_text(json.dumps(values))
    with pytest.raises(PermanentError, match=received):
        read_comparison(tmp_path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="viewfinder compare"):
        read_comparison(tmp_path / "comparison.json")
