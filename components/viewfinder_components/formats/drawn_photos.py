"""The few photos of a split that preprocess draws for export and for check.

Without them, both would need the shards, which have every photo: 150 kB each to download. What only
a photo's file shows is kept with them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.json_files import check_version, read_object
from viewfinder_components.formats.pixels import PixelFiles
from viewfinder_components.whole_files import write_json

SCHEMA_VERSION = 1
ARTIFACTS = {"train": "calibration_photos", "val": "reference_photos", "test": "test_photos"}
"""The output of preprocess, by the split from which its photos are drawn."""
_INDEX = "drawn.json"
"""Written last: a folder without it was left by a run that did not finish."""
_PHOTOS = "photos.npy"
_MEASURES = 3


@dataclass(frozen=True)
class DrawnPhotos:
    """Photos of one split, in the order in which the split has them."""

    labels: tuple[str, ...]
    """The classes."""
    counts: Mapping[str, int]
    """By split, the number of photos it has; not only the drawn ones."""
    truth: NDArray[np.int32]
    """int32 `[n]`: the position of each photo's class in `labels`."""
    files: PixelFiles
    """The pixels, which stay on disk until requested."""
    file_measures: NDArray[np.float64]
    """float64 `[n, 3]`, as `measure_file` returns them; NaN where they are not known, or the photo
    was shrunk before."""

    def __len__(self) -> int:
        return len(self.truth)

    def pixels(self, start: int = 0, stop: int | None = None) -> NDArray[np.uint8]:
        """Read the photos `start` to `stop` (not included) into memory.

        Returns:
            uint8 `[stop - start, size, size, 3]`, RGB.
        """
        return self.files.read(np.arange(len(self))[start:stop])

    @classmethod
    def open(cls, folder: Path, split: str) -> Self:
        """Read all but the pixels.

        Args:
            folder: The output of preprocess that `ARTIFACTS` names.
            split: From which the photos must have been drawn.

        Raises:
            PermanentError: There are none, they are damaged or of another split, or this code does
                not know their schema version.
        """
        path = folder / _INDEX
        remedy = f"run preprocess again, and pass its whole output {ARTIFACTS[split]}"
        values = read_object(path, f"photos of the split {split}", remedy)
        check_version(values, SCHEMA_VERSION, path, "preprocess")
        if values.get("split") != split:
            received = f"photos of the split {values.get('split')}"
            raise PermanentError(f"photos of the split {split} in {folder}", received, remedy)
        try:
            found = cls._parse(folder, values)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise PermanentError(f"drawn photos in {path}", repr(error), remedy) from error
        if not len(found.files) == len(found.file_measures) == len(found):
            received = (
                f"{len(found)} photos there, {len(found.files)} in {_PHOTOS}, "
                f"{len(found.file_measures)} files measured"
            )
            raise PermanentError(f"drawn photos that match {path}", received, remedy)
        return found

    @classmethod
    def _parse(cls, folder: Path, values: Mapping[str, Any]) -> Self:
        return cls(
            tuple(values["labels"]),
            {str(split): int(count) for split, count in values["counts"].items()},
            np.array(values["truth"], np.int32),
            PixelFiles.open([folder / _PHOTOS], int(values["image_size"])),
            np.array(_measures(values), np.float64).reshape(-1, _MEASURES),
        )


def write_drawn_photos(
    folder: Path,
    split: str,
    *,
    labels: Sequence[str],
    counts: Mapping[str, int],
    truth: NDArray[np.int32],
    image_size: int,
    batches: Iterable[NDArray[np.uint8]],
    file_measures: Sequence[NDArray[np.float64] | None] = (),
) -> None:
    """Write drawn photos; what an earlier run left in the folder is replaced.

    Args:
        folder: Where to write; made when missing.
        split: From which they were drawn: a key of `ARTIFACTS`.
        labels: The classes.
        counts: By split, the number of photos it has.
        truth: int32 `[n]`: the position of each photo's class in `labels`.
        image_size: Width and height of every photo, in pixels.
        batches: The n photos, uint8 `[k, image_size, image_size, 3]`, of which one batch at a time
            is in memory.
        file_measures: For each of them what `measure_file` returns, or None; empty for None for
            all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _INDEX).unlink(missing_ok=True)
    shape = (len(truth), image_size, image_size, 3)
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    with (folder / _PHOTOS).open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for pixels in batches:
            file.write(pixels.tobytes())
    values = {
        "schema_version": SCHEMA_VERSION,
        "split": split,
        "labels": list(labels),
        "counts": dict(counts),
        "truth": truth.tolist(),
        "image_size": image_size,
        "file_measures": [None if row is None else row.tolist() for row in file_measures],
    }
    write_json(folder / _INDEX, values, indent=None)


def _measures(values: Mapping[str, Any]) -> list[list[float]]:
    unknown = [float("nan")] * _MEASURES
    measures = values.get("file_measures") or [None] * len(values["truth"])
    return [unknown if row is None else list(row) for row in measures]
