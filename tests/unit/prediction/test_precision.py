"""The precision in which a version classifies in this process: the manifest's, without bfloat16.

The int8 model of these tests is less sure of itself than the other one.
"""

from pathlib import Path

import pytest
from tests.fixtures.servables import allow_precisions, draw, write_version

from viewfinder_components.errors import PermanentError
from viewfinder_components.photos.find import list_photos
from viewfinder_components.prediction.models.local_model import LocalModel

F32, INT8 = 0.999, 0.79


@pytest.fixture
def version(tmp_path: Path) -> Path:
    return write_version(tmp_path / "models" / "colour" / "7")


def sureness(version: Path, photos: Path) -> float:
    photos.mkdir(exist_ok=True)
    (photos / "red.png").write_bytes(draw("red"))
    (answer,) = LocalModel.open(version).classify(iter(list_photos(str(photos))))
    assert answer.row is not None
    return float(answer.row.max())


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        (("int8", "f32"), INT8),
        (("f32", "int8"), F32),
        (("bf16", "int8", "f32"), INT8),
        (("bf16", "f32"), F32),
        (("int4", "f32"), F32),
    ],
)
def test_the_fastest_proved_precision_that_every_processor_has_is_used(
    allowed: tuple[str, ...], expected: float, version: Path, tmp_path: Path
) -> None:
    allow_precisions(version, *allowed)
    assert sureness(version, tmp_path / "photos") == pytest.approx(expected, abs=0.01)


def test_f32_is_used_where_the_int8_model_is_missing(version: Path, tmp_path: Path) -> None:
    allow_precisions(version, "int8", "f32")
    (version / "model-int8.bin").unlink()
    assert sureness(version, tmp_path / "photos") == pytest.approx(F32, abs=0.01)


def test_a_damaged_int8_model_is_refused(version: Path) -> None:
    allow_precisions(version, "int8", "f32")
    with (version / "model-int8.bin").open("ab") as file:
        file.write(b"0")
    with pytest.raises(PermanentError, match=r"model-int8\.bin"):
        LocalModel.open(version)


def test_another_precision_makes_another_job(version: Path) -> None:
    before = LocalModel.open(version).identity
    allow_precisions(version, "int8", "f32")
    assert LocalModel.open(version).identity != before
