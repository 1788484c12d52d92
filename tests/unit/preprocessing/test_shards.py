import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.pixels import PixelFiles
from viewfinder_components.formats.shards import Shards
from viewfinder_components.preprocessing.config import PreprocessConfig
from viewfinder_components.preprocessing.write import write_shards


@pytest.fixture
def directory(validated: Callable, tmp_path: Path) -> Path:
    index, pixels = validated(100)
    write_shards(index, pixels, tmp_path / "shards", PreprocessConfig())
    return tmp_path / "shards"


@pytest.mark.parametrize(
    ("start", "stop"), [(0, 60), (0, 1), (15, 17), (16, 32), (10, 59), (59, 60), (50, 99), (7, 7)]
)
def test_any_range_reads_as_a_slice(directory: Path, start: int, stop: int) -> None:
    split = Shards.open(directory).split("train")
    stored = np.concatenate([np.load(file.path) for file in split.files.files])

    np.testing.assert_array_equal(split.pixels(start, stop), stored[split.rows][start:stop])


def test_photos_are_taken_in_the_order_asked_for(directory: Path) -> None:
    split = Shards.open(directory).split("val")

    np.testing.assert_array_equal(
        split.take(np.array([7, 3, 7])), split.pixels()[np.array([7, 3, 7])]
    )


def test_batches_cover_the_split_in_order(directory: Path) -> None:
    split = Shards.open(directory).split("train")

    batches = list(split.batches(25))

    assert [len(labels) for _, labels in batches] == [25, 25, 10]
    np.testing.assert_array_equal(np.concatenate([pixels for pixels, _ in batches]), split.pixels())
    np.testing.assert_array_equal(np.concatenate([labels for _, labels in batches]), split.labels)
    assert split.labels.dtype == np.int32


def test_the_manifest_is_known(directory: Path) -> None:
    shards = Shards.open(directory)

    assert (shards.labels, shards.image_size, shards.data_digest) == (("bee", "wasp"), 8, "d1")


def test_an_unknown_split_is_refused(directory: Path) -> None:
    with pytest.raises(PermanentError, match="one of train, val, test, received 'dev'"):
        Shards.open(directory).split("dev")


def test_a_directory_without_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"shards.json, .*run preprocess again"):
        Shards.open(tmp_path)


@pytest.mark.parametrize("content", ["[]", "{", '{"schema_version": 1}', '{"schema_version": 2}'])
def test_a_foreign_manifest_is_refused(directory: Path, content: str) -> None:
    (directory / "shards.json").write_text(content)

    with pytest.raises(PermanentError, match="run preprocess again"):
        Shards.open(directory)


def test_counts_that_disagree_are_refused(directory: Path) -> None:
    manifest = json.loads((directory / "shards.json").read_text())
    manifest["counts"]["val"] = 21
    (directory / "shards.json").write_text(json.dumps(manifest))

    with pytest.raises(PermanentError, match="21 val photos there, 20 photos and 20 labels here"):
        Shards.open(directory).split("val")


def test_a_pixel_file_of_another_run_is_refused(directory: Path) -> None:
    np.save(directory / "pixels" / "part-00001.npy", np.zeros((3, 8, 8, 3), np.uint8))

    with pytest.raises(PermanentError, match=r"100 photos there, \d+ here"):
        Shards.open(directory).split("val")


@pytest.mark.parametrize("name", ["rows.npy", "labels.npy", "photos.parquet"])
@pytest.mark.parametrize("left", [None, 0, 20, 130])
def test_a_file_that_is_gone_or_cut_short_is_named(
    directory: Path, name: str, left: int | None
) -> None:
    path = directory / "val" / name
    if left is None:
        path.unlink()
    else:
        os.truncate(path, left)

    with pytest.raises(PermanentError, match=rf"{name}, .*; run preprocess again"):
        _ = Shards.open(directory).split("val").photos


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((2, 8, 8, 3), np.float32),
        np.zeros((2, 8, 9, 3), np.uint8),
        np.zeros((2, 8, 8), np.uint8),
        np.asfortranarray(np.ones((2, 8, 8, 3), np.uint8)),
    ],
)
def test_arrays_that_are_not_photos_are_refused(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "part.npy", array)

    with pytest.raises(PermanentError, match=r"expected uint8 photos \[n, size, size, 3\]"):
        PixelFiles.open([tmp_path / "part.npy"], 8)
