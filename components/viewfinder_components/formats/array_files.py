"""Read the arrays of a file that `numpy.savez` wrote."""

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class DamagedArraysError(Exception):
    """The file is damaged, or not what was expected."""


@contextmanager
def reading_arrays(path: Path) -> Iterator[Mapping[str, NDArray[Any]]]:
    """Let arrays be read while the block runs; each is read when it is looked up.

    Args:
        path: The file.

    Raises:
        DamagedArraysError: The file cannot be read, or the block has failed because of what it has.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            _refuse_compressed(stored.zip)
            yield stored
    # Damaged archives and headers of arrays raise almost anything: zlib.error,
    # NotImplementedError, MemoryError, tokenize.TokenError.
    except Exception as error:
        raise DamagedArraysError(repr(error)[:200]) from error


def _refuse_compressed(archive: zipfile.ZipFile) -> None:
    """Refuse what `savez` does not write: little that becomes much in memory."""
    for entry in archive.infolist():
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
            raise ValueError(f"{entry.filename} is compressed or encrypted")
