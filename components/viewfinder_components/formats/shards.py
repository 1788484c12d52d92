"""Read what preprocess wrote: the photos of each split in shuffled order, with their labels."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError, reason_of
from viewfinder_components.formats.pixels import PixelFiles

SCHEMA_VERSION = 2
SPLITS = ("train", "val", "test")
MANIFEST = "shards.json"
"""Written last: a directory without it was left by a run that did not finish."""
PIXELS = "pixels"
"""The folder of the pixel files."""


@dataclass(frozen=True)
class Split:
    """The photos of one split, in the order in which training sees them."""

    name: str
    """train, val or test."""
    files: PixelFiles
    """The photos of all splits."""
    rows: NDArray[np.int64]
    """int64 `[n]`: where each photo of this split is in `files`."""
    labels: NDArray[np.int32]
    """int32 `[n]`: the position of each photo's class in `Shards.labels`."""
    photos_path: Path
    """The list of the photos."""

    @cached_property
    def photos(self) -> pa.Table:
        """The columns uri, label and sha256; read on first use."""
        try:
            return pq.read_table(self.photos_path)
        except (OSError, pa.ArrowException) as error:
            raise _unreadable(self.photos_path, reason_of(error)) from error

    def __len__(self) -> int:
        return len(self.labels)

    def pixels(self, start: int = 0, stop: int | None = None) -> NDArray[np.uint8]:
        """Read the photos `start` to `stop` (not included) into memory.

        Returns:
            uint8 `[stop - start, size, size, 3]`, RGB.
        """
        return self.files.read(self.rows[start:stop])

    def take(self, places: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Read the photos at `places` in the split, int64 `[n]`, in that order.

        Returns:
            uint8 `[n, size, size, 3]`, RGB.
        """
        return self.files.read(self.rows[places])

    def batches(self, size: int) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int32]]]:
        """Yield `size` photos and their labels at a time, in order; the last may be fewer."""
        for start in range(0, len(self), size):
            yield self.pixels(start, start + size), self.labels[start : start + size]


@dataclass(frozen=True)
class Shards:
    """A directory completed by preprocess."""

    directory: Path
    image_size: int
    """Width and height of every photo, in pixels."""
    labels: tuple[str, ...]
    """The classes, sorted; a photo's label is a position in this tuple."""
    data_digest: str
    """Identifies the photos, their labels and splits: equal digests mean equal data."""
    manifest: dict[str, Any]

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Read `shards.json`; the pixels stay on disk until requested.

        Raises:
            PermanentError: There is none, or this code does not know its schema version.
        """
        path = directory / MANIFEST
        try:
            manifest = json.loads(path.read_text("utf-8"))
            version = manifest["schema_version"]
            if version == SCHEMA_VERSION:
                labels, size = tuple(manifest["labels"]), int(manifest["image_size"])
                return cls(directory, size, labels, manifest["data_digest"], manifest)
        except (OSError, ValueError, RecursionError, KeyError, TypeError) as error:
            raise _unreadable(path, repr(error)) from error
        raise _unreadable(path, f"schema version {version!r}")

    def split(self, name: str) -> Split:
        """Open one split; the pixels stay on disk until requested.

        Args:
            name: train, val or test.

        Raises:
            PermanentError: There is no such split, or its files do not match `shards.json`.
        """
        if name not in SPLITS:
            raise PermanentError(f"one of {', '.join(SPLITS)}", repr(name), "name another split")
        folder = self.directory / name
        rows, labels = _load(folder / "rows.npy"), _load(folder / "labels.npy")
        count = self.manifest["counts"][name]
        if not len(rows) == len(labels) == count:
            found = f"{len(rows)} photos and {len(labels)} labels"
            raise _unreadable(
                self.directory / MANIFEST, f"{count} {name} photos there, {found} here"
            )
        return Split(name, self._files, rows, labels, folder / "photos.parquet")

    @cached_property
    def _files(self) -> PixelFiles:
        paths = (self.directory / PIXELS / name for name in self.manifest["pixels"])
        files = PixelFiles.open(paths, self.image_size)
        if len(files) != self.manifest["rows"]:
            received = f"{self.manifest['rows']} photos there, {len(files)} here"
            raise _unreadable(self.directory / MANIFEST, received)
        return files


def _load(path: Path) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.load(path)
    except (OSError, EOFError, ValueError) as error:
        raise _unreadable(path, reason_of(error)) from error
    return array


def _unreadable(path: Path, received: str) -> PermanentError:
    return PermanentError(
        f"finished shards (schema version {SCHEMA_VERSION}) with {path}",
        received,
        "run preprocess again",
    )
