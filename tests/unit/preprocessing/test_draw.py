"""The photos for export and check: those, and no others, are in their artifacts."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from viewfinder_components.formats.drawn_photos import ARTIFACTS, DrawnPhotos
from viewfinder_components.formats.shards import Shards
from viewfinder_components.preprocessing.config import PreprocessConfig
from viewfinder_components.preprocessing.draw import draw_photos
from viewfinder_components.preprocessing.write import write_shards

PHOTOS, PHOTO_BYTES = 200, 8 * 8 * 3


@dataclass(frozen=True)
class Drawn:
    """What preprocess leaves."""

    shards: Path
    folders: dict[str, Path]

    def open(self, split: str) -> DrawnPhotos:
        return DrawnPhotos.open(self.folders[split], split)

    def rows(self, split: str) -> list[int]:
        """The photos, which are as grey as their number."""
        return [int(photo[0, 0, 0]) for photo in self.open(split).pixels()]


@pytest.fixture
def draw(validated: Callable, tmp_path: Path) -> Callable[..., Drawn]:
    def run(name: str = "run", columns: dict | None = None, **most: int) -> Drawn:
        config = PreprocessConfig(**most)
        index, pixels = validated(PHOTOS, root=f"{name}-{len(most)}", **columns or {})
        shards = tmp_path / name / "shards"
        write_shards(index, pixels, shards, config)
        folders = {split: tmp_path / name / output for split, output in ARTIFACTS.items()}
        assert draw_photos(index, shards, *folders.values(), config).keys() == {"draw"}
        return Drawn(shards, folders)

    return run


@pytest.mark.parametrize(("split", "count"), [("train", 17), ("val", 21), ("test", 33)])
def test_they_are_photos_of_their_split_with_their_classes_and_no_others(
    draw: Callable[..., Drawn], split: str, count: int
) -> None:
    drawn = draw(calibration_photos=17, reference_photos=21, test_photos=33)
    whole, found = Shards.open(drawn.shards).split(split), drawn.open(split)
    assert len(found) == len(found.pixels()) == count
    assert (found.labels, found.counts) == (("bee", "wasp"), {"train": 120, "val": 40, "test": 40})
    classes = dict(zip(whole.rows.tolist(), whole.labels.tolist(), strict=True))
    rows = drawn.rows(split)
    assert [classes[row] for row in rows] == found.truth.tolist()
    assert [row for row in whole.rows if row in rows] == rows  # each once, in the split's order
    assert rows != whole.rows[:count].tolist()
    size = sum(path.stat().st_size for path in drawn.folders[split].iterdir())
    assert size < count * PHOTO_BYTES + 1000


def test_a_part_of_them_can_be_read(draw: Callable[..., Drawn]) -> None:
    found = draw().open("test")
    np.testing.assert_array_equal(found.pixels(3, 9), found.pixels()[3:9])
    assert len(found.pixels(39, 99)) == 1


def test_where_there_are_few_all_are_drawn(draw: Callable[..., Drawn]) -> None:
    drawn = draw()
    assert drawn.rows("train") == Shards.open(drawn.shards).split("train").rows.tolist()
    assert len(drawn.rows("test")) == 40


def test_the_same_photos_give_the_same_bytes_whatever_was_there_before(
    draw: Callable[..., Drawn],
) -> None:
    most = {"calibration_photos": 5, "reference_photos": 6, "test_photos": 7}
    draw("other")
    first, again = draw("first", **most), draw("other", **most)
    for split in ARTIFACTS:
        one, two = sorted(first.folders[split].iterdir()), sorted(again.folders[split].iterdir())
        assert [path.name for path in one] == [path.name for path in two]
        assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


def test_what_the_files_of_reference_photos_were_is_kept(draw: Callable[..., Drawn]) -> None:
    rows = np.arange(PHOTOS)
    columns = {
        "width": pa.array(100 + rows, pa.int32()),
        "height": pa.array(np.full(PHOTOS, 50), pa.int32()),
        "jpeg_quality": pa.array(rows % 101, pa.int8(), mask=rows % 2 == 0),
    }
    drawn = draw(columns=columns, reference_photos=30)
    for row, measures in zip(drawn.rows("val"), drawn.open("val").file_measures, strict=True):
        quality = row % 101 if row % 2 else 0
        assert measures.tolist() == [(100 + row) * 50, (100 + row) / 50, quality]
    assert np.isnan(drawn.open("test").file_measures).all()


def test_a_photo_of_the_models_own_size_was_shrunk_before(draw: Callable[..., Drawn]) -> None:
    sides = pa.array([8 if row == 10 else 9 for row in range(PHOTOS)], pa.int32())
    drawn = draw(columns={"width": sides, "height": sides})
    unknown = np.isnan(drawn.open("val").file_measures).all(axis=1)
    assert [row for row, known in zip(drawn.rows("val"), ~unknown, strict=True) if not known] == [
        10
    ]


def test_an_index_of_an_older_release_says_nothing_of_the_files(
    draw: Callable[..., Drawn],
) -> None:
    assert np.isnan(draw().open("val").file_measures).all()
