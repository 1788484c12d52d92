"""The check of precisions against real predictor processes.

The tiny model and its int8 model answer with the photo's mean colour; how sure they are differs,
and so does the label where the int8 model's classes are turned.
"""

from pathlib import Path

import numpy as np
import pytest
from tests.fixtures.servables import (
    LABELS,
    allow_precisions,
    write_evaluation,
    write_manifest,
    write_servable,
)

from viewfinder_components.checking.check import CheckResult, check_servable
from viewfinder_components.checking.config import CheckConfig
from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.drawn_photos import write_drawn_photos
from viewfinder_components.formats.precision import Candidate, PrecisionChoice
from viewfinder_components.formats.verdict import read_verdict
from viewfinder_components.inference import has_bfloat16

SIDE, PHOTOS = 32, 24
QUICK = {"requests": 5, "least_photos": 10}


@pytest.fixture
def servable(tmp_path: Path) -> Path:
    return write_servable(tmp_path / "servable")


@pytest.fixture
def evaluation(tmp_path: Path, servable: Path) -> Path:
    return write_evaluation(tmp_path / "evaluation", servable)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Photos of the labels' own colours."""
    numbers = np.arange(PHOTOS).astype(np.int32) % len(LABELS)
    colours = np.eye(len(LABELS))[::-1][numbers] * np.linspace(200, 250, PHOTOS)[:, None]
    pixels = np.broadcast_to(colours[:, None, None], (PHOTOS, SIDE, SIDE, 3)).astype(np.uint8)
    write_drawn_photos(
        tmp_path / "photos",
        "test",
        labels=LABELS,
        counts={"test": PHOTOS},
        truth=numbers,
        image_size=SIDE,
        batches=[pixels],
    )
    return tmp_path / "photos"


@pytest.fixture
def check(servable: Path, evaluation: Path, photos: Path, tmp_path: Path):
    def run(given: Path | None = photos, **values: object) -> CheckResult:
        config = CheckConfig(**(QUICK | values))
        return check_servable(servable, evaluation, tmp_path / "verdict", config, test_dir=given)

    return run


def find(choice: PrecisionChoice, name: str) -> Candidate:
    return next(one for one in choice.candidates if one.name == name)


def test_an_int8_model_that_answers_the_same_is_served_if_the_setting_names_it(
    check, servable, tmp_path
):
    allow_precisions(servable, "f32", scale=1.5)
    result = check(precision_served="int8")
    choice = result.precision
    assert choice.allowed == ("int8", "f32")
    assert "; served in int8, p50 " in result.summary
    int8 = find(choice, "int8")
    assert (int8.passed, int8.photos, int8.accuracy, int8.agreement) == (True, PHOTOS, 1, 1)
    assert 0.05 < int8.max_difference < 0.2
    assert choice.tolerances["int8"] == pytest.approx(0.02 + int8.max_difference, abs=1e-4)
    assert find(choice, "f32").accuracy == 1
    entry = read_verdict(tmp_path / "verdict")["precision"]
    assert PrecisionChoice.read(entry) == choice
    assert entry["served"] == "int8"
    assert result.seconds.keys() == {"start", "answers", "latency", "photos", "int8"}


def test_an_int8_model_that_answers_otherwise_is_refused_with_the_numbers(check, servable):
    allow_precisions(servable, "f32", scale=-2.0)
    result = check(precision_served="int8")
    assert result.passed
    assert result.precision.allowed == ("f32",)
    assert "; served in f32" in result.summary
    assert "int8 was refused: the accuracy falls by 100.0 points" in result.precision.reason


def test_auto_serves_the_fastest_that_passed(check, servable):
    """Which one that is depends on the machine, so it is compared with what was measured."""
    allow_precisions(servable, "f32", scale=1.5)
    choice = check().precision
    passed = [one for one in choice.candidates if one.passed and one.name != "f32"]
    expected = [one.name for one in sorted(passed, key=lambda one: one.p50_ms)]
    assert list(choice.allowed) == [*expected, "f32"]
    assert [one.name for one in choice.candidates] == ["f32", "bf16", "int8"]
    assert bool(find(choice, "bf16").photos) is has_bfloat16()


def test_a_processor_without_bfloat16_does_not_try_it(check, monkeypatch):
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    result = check(precision_served="bf16")
    assert result.precision.reason == (
        "f32 is served: no other precision passed. bf16 was not tried. This processor does not "
        "compute in bfloat16."
    )
    assert "photos" not in result.seconds  # nothing was paid for it


def test_why_export_made_no_int8_model_is_said(check, servable):
    missing = PrecisionChoice(reason="There is no int8 model, because nncf is not installed.")
    write_manifest(servable, precision=missing.to_json())
    assert check(precision_served="int8").precision.reason == (
        "f32 is served: no other precision passed. int8 was not tried. There is no int8 model, "
        "because nncf is not installed."
    )


def test_a_predictor_that_does_not_start_in_a_precision_is_a_refusal_of_it(check, servable):
    (servable / "model-int8.xml").write_text("no model")
    (servable / "model-int8.bin").write_bytes(b"")
    choice = check(precision_served="int8").precision
    assert choice.allowed == ("f32",)
    assert "int8 was refused. expected a predictor that starts" in choice.reason


@pytest.mark.parametrize(
    ("values", "given", "reason"),
    [
        ({"precision_served": "f32"}, True, "The setting precision_served is f32."),
        ({}, False, "The check was given no test photos to prove another precision."),
        (
            {"least_photos": 25},
            True,
            "It takes 25 test photos to prove another precision, and the split has 24.",
        ),
    ],
)
def test_where_nothing_can_be_proved_nothing_is_tried(
    check, servable, photos, values, given, reason
):
    allow_precisions(servable, "f32", scale=1.5)
    result = check(photos if given else None, **values)
    assert result.precision.allowed == ("f32",)
    assert result.precision.reason == f"f32 is served. {reason}"
    assert result.seconds.keys() == {"start", "answers", "latency"}


def test_a_model_that_fails_its_checks_is_not_tried_in_other_precisions(check, servable, tmp_path):
    allow_precisions(servable, "f32", scale=1.5)
    with pytest.raises(PermanentError, match="above the limit"):
        check(max_memory_mb=1)
    assert "precision" not in read_verdict(tmp_path / "verdict")


def test_photos_that_cannot_be_read_are_an_error(check, servable, tmp_path):
    allow_precisions(servable, "f32", scale=1.5)
    with pytest.raises(PermanentError, match="run preprocess again"):
        check(tmp_path)
