"""Files with arrays that somebody else has made: whatever they have, one error says so."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from viewfinder_components.formats.array_files import DamagedArraysError, reading_arrays


def is_encrypted(content: bytes) -> bytes:
    """Set the flag in the file's header, and in the archive's directory."""
    changed = bytearray(content)
    changed[content.index(b"PK\x03\x04") + 6] |= 1
    changed[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(changed)


def is_compressed_by(method: int) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        changed = bytearray(content)
        changed[content.index(b"PK\x03\x04") + 8] = method
        changed[content.index(b"PK\x01\x02") + 10] = method
        return bytes(changed)

    return change


def has_header(shape: bytes) -> Callable[[bytes], bytes]:
    """Keep the header's length: what it has is followed by spaces."""
    return lambda content: content.replace(b"(4096,), }".ljust(len(shape) + 3), shape + b", }")


@pytest.mark.parametrize(
    "change",
    [
        is_encrypted,
        is_compressed_by(8),
        is_compressed_by(97),
        has_header(b"(9" + b"9" * 17 + b",)"),
        has_header(b"((((((("),
        lambda content: b"",
        lambda content: content[:-30],
        lambda content: b"\x93NUMPY",
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "arrays.npz"
    np.savez(path, one=np.zeros(4096))
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DamagedArraysError), reading_arrays(path) as stored:
        stored["one"].sum()


def test_what_becomes_much_in_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "arrays.npz"
    np.savez_compressed(path, one=np.zeros(4096))
    with pytest.raises(DamagedArraysError, match="compressed"), reading_arrays(path):
        pass


def test_what_the_block_does_not_find_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "arrays.npz"
    np.savez(path, one=np.arange(3))
    with pytest.raises(DamagedArraysError, match="two"), reading_arrays(path) as stored:
        stored["two"].sum()
