"""The decoded photos, in `.npy` files written as a stream and never kept in memory."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

_PART_BYTES = 1 << 28  # per part: few files for a million photos, little lost if one breaks
_WRITE_BYTES = 1 << 20  # at once: the kernel takes a quarter less time than with one photo per call


def part_path(directory: Path, number: int) -> Path:
    """Return the file of a part."""
    return directory / f"part-{number:05d}.npy"


def photos_per_part(image_size: int) -> int:
    """Return how many photos fit in a full part."""
    return max(1, _PART_BYTES // (image_size**2 * 3))


def clear_pixels(directory: Path) -> None:
    """Create the directory, without the parts of an earlier run."""
    directory.mkdir(parents=True, exist_ok=True)
    for path in directory.glob("part-*.npy"):
        path.unlink()


@dataclass
class PixelWriter:
    """Appends photos to parts; use it in a `with` block.

    Attributes:
        directory: Where to write the parts; must not contain any.
        image_size: Side of the photos, in pixels.
    """

    directory: Path
    image_size: int
    rows: int = 0
    """Photos written so far."""
    _file: BinaryIO | None = field(default=None, repr=False)
    _waiting: list[bytes] = field(default_factory=list, repr=False)

    def append(self, pixels: bytes) -> int:
        """Write a photo, uint8 `[image_size, image_size, 3]`; return its row."""
        part, place = divmod(self.rows, photos_per_part(self.image_size))
        if place == 0:
            self._close_part()
            self._file = part_path(self.directory, part).open("wb")
            self._write_header(0)
        self._waiting.append(pixels)
        if len(self._waiting) * len(pixels) >= _WRITE_BYTES:
            self._flush()
        self.rows += 1
        return self.rows - 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close_part()

    def _flush(self) -> None:
        assert self._file is not None  # noqa: S101  (for the type checker)
        self._file.write(b"".join(self._waiting))
        self._waiting.clear()

    def _close_part(self) -> None:
        if self._file is not None:
            self._flush()
            self._file.seek(0)
            self._write_header((self.rows - 1) % photos_per_part(self.image_size) + 1)
            self._file.close()
            self._file = None

    def _write_header(self, photos: int) -> None:
        # numpy leaves room in the header for the first dimension to grow, so the same bytes are
        # overwritten once the count is known.
        assert self._file is not None  # noqa: S101
        shape = (photos, self.image_size, self.image_size, 3)
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, header)


@dataclass(frozen=True)
class PixelReader:
    """Reads single photos back, for the report."""

    directory: Path
    image_size: int

    def read(self, row: int) -> NDArray[np.uint8]:
        """Return a photo, uint8 `[image_size, image_size, 3]`."""
        photo_bytes = self.image_size**2 * 3
        part, place = divmod(row, photos_per_part(self.image_size))
        with part_path(self.directory, part).open("rb") as file:
            file.seek(self._header_bytes + place * photo_bytes)
            data = file.read(photo_bytes)
        return np.frombuffer(data, np.uint8).reshape(self.image_size, self.image_size, 3)

    @cached_property
    def _header_bytes(self) -> int:
        with part_path(self.directory, 0).open("rb") as file:
            np.lib.format.read_magic(file)
            np.lib.format.read_array_header_1_0(file)
            return file.tell()
