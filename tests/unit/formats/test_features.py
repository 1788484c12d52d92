"""Features that train leaves for evaluate."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from viewfinder_components.formats.features import (
    FEATURES,
    read_features,
    read_some,
    write_features,
)
from viewfinder_components.formats.pixels import PixelFiles
from viewfinder_components.formats.shards import Split

VALUES = np.arange(12, dtype=np.float32).reshape(4, 3)


def make_split(folder: Path, name: str, digests: str) -> Split:
    path = folder / f"{name}-{digests}.parquet"
    pq.write_table(pa.table({"sha256": [digit * 64 for digit in digests]}), path)
    count = len(digests)
    return Split(name, PixelFiles((), 32), np.arange(count), np.zeros(count, np.int32), path)


def test_they_come_back_for_the_same_photos_in_the_same_order(tmp_path: Path) -> None:
    train, val = make_split(tmp_path, "train", "abcd"), make_split(tmp_path, "val", "")
    empty = np.empty((0, 3), np.float32)
    write_features(tmp_path, {"train": VALUES, "val": empty}, {"train": train, "val": val})
    found = read_features(tmp_path, train)
    assert found is not None
    np.testing.assert_array_equal(found, VALUES)
    assert read_features(tmp_path, val) is not None
    assert read_features(tmp_path, make_split(tmp_path, "train", "bacd")) is None
    assert read_features(tmp_path, make_split(tmp_path, "test", "abcd")) is None


def test_those_of_an_earlier_training_are_removed(tmp_path: Path) -> None:
    train = make_split(tmp_path, "train", "abcd")
    write_features(tmp_path, {"train": VALUES}, {"train": train})
    write_features(tmp_path, {}, {})
    assert not (tmp_path / FEATURES).exists()
    assert read_features(tmp_path, train) is None


@pytest.mark.parametrize("values", [VALUES[:3], VALUES.astype(np.float64), VALUES.ravel()])
def test_another_form_is_not_used(tmp_path: Path, values: np.ndarray) -> None:
    train = make_split(tmp_path, "train", "abcd")
    write_features(tmp_path, {"train": values}, {"train": train})
    assert read_features(tmp_path, train) is None


@pytest.mark.parametrize("kept", [0, 10, 200, -30])
def test_a_damaged_file_is_not_used(tmp_path: Path, kept: int) -> None:
    train = make_split(tmp_path, "train", "abcd")
    write_features(tmp_path, {"train": VALUES}, {"train": train})
    path = tmp_path / FEATURES
    path.write_bytes(path.read_bytes()[:kept])
    assert read_features(tmp_path, train) is None


def test_the_first_of_a_split_are_read_with_their_classes(tmp_path: Path) -> None:
    train = make_split(tmp_path, "train", "abcd")
    train = replace(train, labels=np.array([2, 0, 1, 0], np.int32))
    write_features(tmp_path, {"train": VALUES}, {"train": train})
    found = read_some(tmp_path, "train", 3)
    assert found is not None
    np.testing.assert_array_equal(found[0], VALUES[:3])
    assert found[1].tolist() == [2, 0, 1]
    whole = read_some(tmp_path, "train", 99)
    assert whole is not None
    assert len(whole[0]) == len(whole[1]) == 4


@pytest.mark.parametrize("kept", [0, 10, 200, -30])
def test_of_a_damaged_file_none_are_read(tmp_path: Path, kept: int) -> None:
    assert read_some(tmp_path, "train", 9) is None
    train = make_split(tmp_path, "train", "abcd")
    write_features(tmp_path, {"train": VALUES}, {"train": train})
    path = tmp_path / FEATURES
    path.write_bytes(path.read_bytes()[:kept])
    assert read_some(tmp_path, "train", 9) is None


def test_a_file_of_an_unknown_compression_is_not_used(tmp_path: Path) -> None:
    train = make_split(tmp_path, "train", "abcd")
    write_features(tmp_path, {"train": VALUES}, {"train": train})
    path = tmp_path / FEATURES
    content = bytearray(path.read_bytes())
    for header, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        start = content.find(header)
        while start >= 0:
            content[start + place] = 97
            start = content.find(header, start + 4)
    path.write_bytes(content)
    assert read_features(tmp_path, train) is None
    assert read_some(tmp_path, "train", 9) is None


def test_a_file_of_an_older_release_has_no_classes(tmp_path: Path) -> None:
    np.savez(tmp_path / FEATURES, train=VALUES)
    assert read_some(tmp_path, "train", 9) is None
