"""A version's drift reference: what is damaged is refused, never misread."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.drift_reference import (
    DRIFT_REFERENCE,
    DriftReference,
    Measure,
)

REFERENCE = DriftReference(
    photos=60,
    false_alarm_rate=0.001,
    least_photos=100,
    most_photos=1000,
    measures=(
        Measure("brightness", (10.5, 90.25), (20, 19, 21), 22.5),
        Measure("aspect", (), (60,), 1.0),
    ),
    answers={
        "f32": (Measure("predicted", (0.5,), (50, 10), 17.0, ("bee", "")),),
        "int8": (Measure("predicted", (0.5,), (49, 11), 16.0, ("bee", "")),),
    },
)


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    REFERENCE.write(tmp_path)
    assert DriftReference.read(tmp_path) == REFERENCE


def test_a_version_without_one_has_none(tmp_path: Path) -> None:
    assert DriftReference.read(tmp_path) is None


def test_a_precision_without_answers_has_those_of_f32() -> None:
    assert REFERENCE.of("int8")[-1].limit == 16
    assert REFERENCE.of("bf16") == REFERENCE.of("f32")
    assert REFERENCE.of("f32")[-1].limit == 17


def test_no_bin_has_an_expected_share_of_0() -> None:
    shares = Measure("tint", (0.1,), (0, 3), 1).shares
    assert shares.tolist() == [0.125, 0.875]


def test_an_edge_belongs_to_the_bin_above_it() -> None:
    places = REFERENCE.measures[0].place(np.array([10, 10.5, 90.25, 1e9, np.nan]))
    assert places.tolist() == [0, 1, 2, 2, 2]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "weight"},
        {"counts": [1, 2]},
        {"counts": [1, 2, -3]},
        {"counts": None},
        {"edges": [90.25, 10.5]},
        {"edges": [10.5, 10.5]},
        {"edges": [10.5, float("inf")]},
        {"edges": ["bright", "dark"]},
        {"limit": 0},
        {"limit": float("nan")},
        {"limit": float("inf")},
        {"counts": [1, 2, float("inf")]},
        {"counts": [1, 2, 10**400]},
        {"edges": list(range(2000)), "counts": [1] * 2001},
        {"edges": [10**400, 1]},
        {"bins": 7},
        {"bins": ["dark"]},
        {"name": "predicted"},
        {"name": "predicted", "bins": ["bee", "wasp"]},
        {"bins": ["dark", "grey", "bright"]},
        {"name": "aspect"},
        {"name": "predicted", "bins": ["bee", "cat", "dog"]},
    ],
)
def test_a_damaged_measure_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    REFERENCE.write(tmp_path)
    path = tmp_path / DRIFT_REFERENCE
    values = json.loads(path.read_text())
    values["measures"][0] |= changes
    path.write_text(json.dumps(values))
    with pytest.raises(PermanentError, match="export the model again, and publish it"):
        DriftReference.read(tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"schema_version": 2},
        {"photos": None},
        {"photos": float("inf")},
        {"photos": 0},
        {"least_photos": -100},
        {"most_photos": 0},
        {"measures": 3},
        {"answers": []},
    ],
)
def test_a_damaged_reference_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    REFERENCE.write(tmp_path)
    path = tmp_path / DRIFT_REFERENCE
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(PermanentError):
        DriftReference.read(tmp_path)


@pytest.mark.parametrize("bins", [["bee"], ["bee", "cat", "dog"], ["bee", "\ud800"], []])
def test_names_of_classes_that_metrics_cannot_have_are_refused(
    tmp_path: Path, bins: list[str]
) -> None:
    REFERENCE.write(tmp_path)
    path = tmp_path / DRIFT_REFERENCE
    values = json.loads(path.read_text())
    values["answers"]["int8"][0]["bins"] = bins
    path.write_text(json.dumps(values))
    with pytest.raises(PermanentError, match="expected a drift reference in"):
        DriftReference.read(tmp_path)
