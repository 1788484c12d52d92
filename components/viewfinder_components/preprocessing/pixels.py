"""Decoded photos in `.npy` files, read with plain reads so that memory stays flat.

A memory map would be shorter, but every page it touched counts as resident memory of the process
until the kernel wants it back: 50,000 photos then look like 7 GB.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError


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
            PermanentError: The file is missing, cut short or holds something else.
        """
        try:
            with path.open("rb") as file:
                version = np.lib.format.read_magic(file)
                if version != (1, 0):
                    raise ValueError(f"npy version {version}")
                shape, column_major, dtype = np.lib.format.read_array_header_1_0(file)
                offset, size = file.tell(), path.stat().st_size
        except (OSError, ValueError) as error:
            raise _broken(path, str(error)) from error
        if (
            dtype != np.uint8
            or column_major
            or len(shape) != 4
            or shape[1:] != (shape[1],) * 2 + (3,)
        ):
            raise _broken(path, f"{dtype} {list(shape)}")
        if size != offset + int(np.prod(shape)):
            raise _broken(
                path, f"{size:,} bytes where its header asks for {offset + np.prod(shape):,}"
            )
        return cls(path, shape[0], shape[1], offset)

    def read(self, start: int, out: NDArray[np.uint8]) -> None:
        """Fill `out`, uint8 `[n, size, size, 3]`, with the photos from number `start` on."""
        photo_bytes = self.image_size**2 * 3
        with self.path.open("rb", buffering=0) as file:
            file.seek(self.offset + start * photo_bytes)
            view, done = out.data.cast("B"), 0
            while done < len(view):  # one read stops at 2 GiB
                count = file.readinto(view[done:])
                if not count:
                    raise _broken(self.path, f"its end at photo {start + done // photo_bytes}")
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
            PermanentError: A file is broken or holds photos of another size.
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

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Read the photos `start` to `stop` (not included), across files.

        Returns:
            uint8 `[stop - start, size, size, 3]`; indices beyond the end are cut off as in a slice.
        """
        start, stop, _ = slice(start, stop).indices(len(self))
        pixels = np.empty((max(stop - start, 0), self.image_size, self.image_size, 3), np.uint8)
        self.read_into(pixels, start)
        return pixels

    def read_into(self, pixels: NDArray[np.uint8], start: int) -> None:
        """Fill `pixels`, uint8 `[n, size, size, 3]`, with the `n` photos from `start` on."""
        done = 0
        while done < len(pixels):
            number = int(np.searchsorted(self._starts, start + done, side="right")) - 1
            count = min(int(self._starts[number + 1]) - start, len(pixels)) - done
            first = start + done - int(self._starts[number])
            self.files[number].read(first, pixels[done : done + count])
            done += count


def _broken(path: Path, received: str, size: int | None = None) -> PermanentError:
    shape = f"{size or 'size'}, {size or 'size'}, 3"
    return PermanentError(
        f"uint8 photos [n, {shape}] in {path}", received, "run the step that wrote it again"
    )
