"""The photos that preprocess draws: what is damaged or not for this step is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.drawn_photos import DrawnPhotos, write_drawn_photos


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_drawn_photos(
        tmp_path / "drawn",
        "test",
        labels=["bee", "wasp"],
        counts={"train": 9, "test": 7},
        truth=np.array([1, 0, 1], np.int32),
        image_size=4,
        batches=[np.full((count, 4, 4, 3), count, np.uint8) for count in (2, 1)],
        file_measures=[np.array([12.0, 0.75, 90]), None, np.array([9.0, 1, 0])],
    )
    return tmp_path / "drawn"


def test_what_is_written_is_read(folder: Path) -> None:
    found = DrawnPhotos.open(folder, "test")
    assert found.labels == ("bee", "wasp")
    assert found.counts == {"train": 9, "test": 7}
    assert (found.truth.tolist(), found.truth.dtype) == ([1, 0, 1], np.int32)
    assert found.pixels().mean(axis=(1, 2, 3)).tolist() == [2, 2, 1]
    nan = float("nan")
    np.testing.assert_equal(found.file_measures, [[12, 0.75, 90], [nan, nan, nan], [9, 1, 0]])


def test_test_photos_are_never_taken_for_training_photos(folder: Path) -> None:
    with pytest.raises(PermanentError) as caught:
        DrawnPhotos.open(folder, "train")
    assert str(caught.value) == (
        f"expected photos of the split train in {folder}, received photos of the split test; "
        "run preprocess again, and pass its whole output calibration_photos"
    )


def test_another_folder_is_refused_with_the_output_to_pass(tmp_path: Path) -> None:
    """Such as the shards."""
    with pytest.raises(PermanentError, match="and pass its whole output test_photos"):
        DrawnPhotos.open(tmp_path, "test")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"schema_version": 2}, "schema version 1"),
        ({"labels": None}, "drawn photos in"),
        ({"counts": [3]}, "drawn photos in"),
        ({"truth": ["bee"]}, "drawn photos in"),
        ({"truth": [0, 1]}, "2 photos there, 3 in photos.npy"),
        ({"image_size": 5}, "photos of 4 pixels"),
        ({"file_measures": [None]}, "3 photos there, 3 in photos.npy, 1 files measured"),
        ({"file_measures": [[1, 2], None, None]}, "drawn photos in"),
    ],
)
def test_a_changed_index_is_refused(folder: Path, changes: dict, sentence: str) -> None:
    path = folder / "drawn.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(PermanentError, match=sentence):
        DrawnPhotos.open(folder, "test")


def test_pixels_that_are_cut_short_are_refused(folder: Path) -> None:
    content = (folder / "photos.npy").read_bytes()
    (folder / "photos.npy").write_bytes(content[:-1])
    with pytest.raises(PermanentError, match="bytes where its header requires"):
        DrawnPhotos.open(folder, "test")
