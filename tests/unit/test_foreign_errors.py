"""What exceptions of the system and of other libraries are made into."""

import errno
import io
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from viewfinder_components.errors import PermanentError
from viewfinder_components.failures import describe_exception


def raised(work: Callable[[], object]) -> BaseException:
    with pytest.raises(BaseException) as caught:  # noqa: PT011  (whatever the library raises)
        work()
    return caught.value


def write_to_a_full_disk() -> None:
    with open("/dev/full", "w") as file:
        file.write("text")


def write_parquet_to_a_full_disk() -> None:
    # An open file: given the path, pyarrow would remove the device after the failure.
    with pa.OSFile("/dev/full", "wb") as file:
        pq.write_table(pa.table({"a": np.arange(100_000)}), file)


@pytest.mark.parametrize("work", [write_to_a_full_disk, write_parquet_to_a_full_disk])
def test_a_full_disk(work: Callable[[], object]) -> None:
    failure = describe_exception(raised(work))
    assert failure.message.startswith(
        "expected space on the disk, received No space left on device"
    )
    assert "larger disk" in failure.remedy


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    mount = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no permission to mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_of_a_copy_the_disk_is_named_that_is_full(tmp_path: Path) -> None:
    photo, disk = tmp_path / "photo", tmp_path / "disk"
    photo.write_bytes(bytes(100_000))
    disk.mkdir()
    with small_disk(disk, "size=4k"):
        failure = describe_exception(raised(lambda: shutil.copyfile(photo, disk / "photo")))
    assert f"({disk}/photo)" in failure.received


def test_a_disk_without_inodes(tmp_path: Path) -> None:
    with small_disk(tmp_path, "nr_inodes=2"):
        (tmp_path / "one").touch()
        failure = describe_exception(raised((tmp_path / "two").touch))
    assert failure.received.endswith("the disk has no inode left for another file")


@pytest.mark.parametrize(
    ("number", "told", "kind"),
    [
        (errno.EDQUOT, "space on the disk", "permanent"),
        (errno.EACCES, "permission to use /x", "permanent"),
        (errno.EROFS, "a writable file system at /x", "permanent"),
        (errno.EMFILE, "ulimit", "permanent"),
        (errno.EADDRINUSE, "a free port", "permanent"),
        (errno.ENOENT, "a file or folder at /x", "permanent"),
        (errno.EEXIST, "nothing at /x yet", "permanent"),
        (errno.ENOTEMPTY, "an empty folder at /x", "permanent"),
        (errno.ENOTDIR, "only folders on the way to /x", "permanent"),
        (errno.EISDIR, "a file, not a folder, at /x", "permanent"),
        (errno.ENOMEM, "enough memory", "transient"),
        (errno.ELOOP, "links that do not form a loop at /x", "permanent"),
        (errno.EFBIG, "files of this size to be allowed", "permanent"),
        (errno.EAGAIN, "room for more processes", "permanent"),
        (errno.ESTALE, "a network disk that still has /x", "permanent"),
        (errno.EIO, "a working disk under /x", "permanent"),
        (errno.ECONNREFUSED, "the network", "transient"),
    ],
)
def test_an_error_of_the_system(number: int, told: str, kind: str) -> None:
    failure = describe_exception(OSError(number, "the system's words", "/x"))
    assert told in failure.message
    assert failure.kind == kind
    assert failure.remedy
    assert failure.cause


@pytest.mark.parametrize(
    ("work", "told"),
    [
        (lambda: np.empty(1 << 50), "enough memory"),
        (lambda: pa.allocate_buffer(1 << 62), "enough memory"),
        (lambda: pq.read_table(pa.BufferReader(b"no parquet")), "recreate the file"),
        (lambda: zipfile.ZipFile(io.BytesIO(b"no archive")), "recreate the file"),
        (lambda: Image.open(io.BytesIO(b"no picture")), "a picture"),
        (lambda: __import__("no_such_package"), "the package no_such_package"),
    ],
)
def test_an_error_of_a_library(work: Callable[[], object], told: str) -> None:
    assert told in describe_exception(raised(work)).message


def test_a_library_that_cannot_be_loaded() -> None:
    failure = describe_exception(ImportError("libx.so: failed to map segment from shared object"))
    assert failure.message.startswith("expected libraries that can be loaded, received ImportError")


def test_what_openvino_puts_above_its_errors_is_left_out() -> None:
    above = "Exception from src/a.cpp:224:\nCheck 'x' failed at src/b.cpp:1:\n"
    assert describe_exception(RuntimeError(above + "std::bad_alloc")).cause == (
        "RuntimeError: std::bad_alloc"
    )
    assert describe_exception(RuntimeError(above)).cause.endswith("src/b.cpp:1:")


def test_a_cause_is_found_below_what_was_raised_from_it(tmp_path: Path) -> None:
    def wrap() -> None:
        try:
            write_to_a_full_disk()
        except OSError as error:
            raise RuntimeError("could not save") from error

    def forget() -> None:
        try:
            write_to_a_full_disk()
        except OSError:
            raise RuntimeError("could not save")  # noqa: B904  (as libraries do)

    def use_an_expected_error() -> None:
        try:
            (tmp_path / "missing").read_bytes()
        except OSError:
            raise ValueError("another matter")  # noqa: B904

    assert "space on the disk" in describe_exception(raised(wrap)).message
    assert "space on the disk" in describe_exception(raised(forget)).message
    assert "another matter" in describe_exception(raised(use_an_expected_error)).message


def test_our_own_errors_stay_as_they_are() -> None:
    failure = describe_exception(PermanentError("a", "b", "c"))
    assert (failure.message, failure.cause) == ("expected a, received b; c", "")


def test_an_error_that_nobody_foresaw_is_told_by_its_first_line() -> None:
    failure = describe_exception(ValueError("first\nsecond"))
    assert failure.message == "an unexpected error: ValueError: first"
