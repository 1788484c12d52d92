"""Decoded photos in `.npy` files, read with plain reads so that memory stays flat.

A memory map would be shorter, but every page it touched counts as resident memory of the process
until the kernel reclaims it: 50,000 photos then look like 7 GB.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError, reason_of


@dataclass(frozen=True)
class PixelFile:
    """One `.npy` file of photos, uint8 `[photos, image_size, image_size, 3]`."""

    path: Path
    photos: int
    image_size: int
    """Width and height of every photo, in pixels."""
    offset: int
    """Bytes before the first photo."""

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read the header of `path`.

        Raises:
            PermanentError: The file is missing, truncated or contains something else.
        """
        try:
            with path.open("rb") as file:
                version = np.lib.format.read_magic(file)
                if version != (1, 0):
                    raise ValueError(f"npy version {version}")
                shape, column_major, dtype = np.lib.format.read_array_header_1_0(file)
                offset, size = file.tell(), path.stat().st_size
        except (OSError, ValueError) as error:
            raise _broken(path, reason_of(error)) from error
        if (
            dtype != np.uint8
            or column_major
            or len(shape) != 4
            or shape[1:] != (shape[1],) * 2 + (3,)
        ):
            raise _broken(path, f"{dtype} {list(shape)}")
        if size != offset + int(np.prod(shape)):
            raise _broken(
                path, f"{size:,} bytes where its header requires {offset + np.prod(shape):,}"
            )
        return cls(path, shape[0], shape[1], offset)

    def read(self, number: int, out: NDArray[np.uint8]) -> None:
        """Fill `out`, uint8 `[size, size, 3]`, with a photo."""
        with self.path.open("rb", buffering=0) as file:
            file.seek(self.offset + number * out.nbytes)
            view, done = out.data.cast("B"), 0
            while done < len(view):  # a signal may interrupt a read
                count = file.readinto(view[done:])
                if not count:
                    raise _broken(self.path, f"its end at photo {number}")
                done += count


@dataclass(frozen=True)
class PixelFiles:
    """Several pixel files as one sequence of photos."""

    files: tuple[PixelFile, ...]
    image_size: int

    @classmethod
    def open(cls, paths: Iterable[Path], image_size: int) -> Self:
        """Read the headers of `paths`, in their order.

        Raises:
            PermanentError: A file is broken or contains photos of another size.
        """
        files = tuple(PixelFile.open(path) for path in paths)
        for file in files:
            if file.image_size != image_size:
                raise _broken(file.path, f"photos of {file.image_size} pixels", image_size)
        return cls(files, image_size)

    def __len__(self) -> int:
        return int(self._starts[-1])

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        return np.cumsum([0, *(file.photos for file in self.files)], dtype=np.int64)

    def read(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Read the photos of some rows, in the order of `rows`.

        Args:
            rows: int64 `[n]`, each at least 0 and below `len(self)`.

        Returns:
            uint8 `[n, size, size, 3]`.
        """
        pixels = np.empty((len(rows), self.image_size, self.image_size, 3), np.uint8)
        numbers = np.searchsorted(self._starts, rows, side="right") - 1
        places = rows - self._starts[numbers]
        for photo, number, place in zip(pixels, numbers.tolist(), places.tolist(), strict=True):
            self.files[number].read(place, photo)
        return pixels


def _broken(path: Path, received: str, size: int | None = None) -> PermanentError:
    shape = f"{size or 'size'}, {size or 'size'}, 3"
    return PermanentError(
        f"uint8 photos [n, {shape}] in {path}", received, "rerun the step that wrote it"
    )
