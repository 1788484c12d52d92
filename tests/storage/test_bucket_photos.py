"""Photos in buckets are found and read as in a folder on a disk."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from viewfinder_components.errors import PermanentError
from viewfinder_components.photos.candidate import Candidate
from viewfinder_components.photos.find import find_photos
from viewfinder_components.photos.photo_error import PhotoError
from viewfinder_components.photos.read import read_bytes, read_candidate
from viewfinder_components.photos.uri import object_to_uri
from viewfinder_components.storage.clients import open_client
from viewfinder_components.storage.location import Location
from viewfinder_components.validation.config import ValidationConfig
from viewfinder_components.validation.validate import validate_photos


def photo(seed: int, side: int = 32) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (side, side, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def put(bucket: str, files: dict[str, bytes]) -> None:
    place = Location.parse(bucket)
    client = open_client(place)
    for name, content in files.items():
        client.create(name, content)


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        if name.endswith("/"):
            (folder / name).mkdir(parents=True)
            continue
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def both(folder: Path, bucket: str, files: dict[str, bytes]) -> None:
    """Write files to a folder and to `photos/` in a bucket."""
    write(folder, files)
    put(bucket, {f"photos/{name}": content for name, content in files.items()})


def comparable(candidates: Iterator[Candidate], root: str) -> list[Any]:
    return [
        (found.uri.removeprefix(root).strip("/"), found.label, found.split, found.flaw)
        for found in candidates
    ]


NASTY = (
    "apple/1.jpg", "apple/10.jpg", "apple/2.jpg", "apple/B.jpg", "apple/a b.jpg", "apple.txt",
    "apple/deep/er/x.jpg", "apple/deep.jpg", "apple/50%25 off.jpg", "apple/\U0001f34e.jpg",
    "apple/.hidden", "apple/.hidden2", "apple/Thumbs.db",
    "apple/.cache/one.jpg", "apple/.cache/two.jpg",
    "a-b/1.jpg", "a/1.jpg", "\u00e9clair/1.jpg", "e\u0301clair/2.jpg", ".git/config", "beside.jpg",
    "empty/", "banana/empty/", "banana/z.jpg",
)  # fmt: skip


def test_a_bucket_yields_what_the_folder_yields(tmp_path: Path, bucket: str) -> None:
    both(tmp_path / "photos", bucket, {name: name.encode() for name in NASTY})
    on_disk = comparable(find_photos(str(tmp_path / "photos")), str(tmp_path / "photos"))
    in_bucket = comparable(find_photos(f"{bucket}/photos"), f"{bucket}/photos")
    assert in_bucket == on_disk
    assert len(on_disk) == len(NASTY) - 1  # one for two files in a hidden folder
    assert comparable(find_photos(f"{bucket}/photos/"), f"{bucket}/photos") == on_disk


@pytest.mark.parametrize("layout", ["auto", "split", "class"])
def test_splits_are_found_as_in_the_folder(layout: str, tmp_path: Path, bucket: str) -> None:
    names = (
        "train/apple/1.jpg", "train/pear/2.jpg", "Validation/apple/3.jpg", "test/pear/deep/4.jpg",
        "train/beside.jpg", "beside.jpg", "train/.x/5.jpg", ".x/6.jpg", "test/empty/", "dev/",
    )  # fmt: skip
    both(tmp_path / "photos", bucket, {name: name.encode() for name in names})
    on_disk = comparable(find_photos(str(tmp_path / "photos"), layout), str(tmp_path / "photos"))
    in_bucket = comparable(find_photos(f"{bucket}/photos", layout), f"{bucket}/photos")
    assert in_bucket == on_disk


def test_what_lies_beside_splits_is_left_out_as_in_the_folder(tmp_path: Path, bucket: str) -> None:
    names = (
        "seg_train/apple/1.jpg", "seg_test/pear/2.jpg", "seg_pred/3.jpg", "seg_pred/4.jpg",
        "a/deep/5.jpg", "z/6.jpg", "README.md",
    )  # fmt: skip
    both(tmp_path / "photos", bucket, {name: name.encode() for name in names})
    on_disk = comparable(find_photos(str(tmp_path / "photos")), str(tmp_path / "photos"))
    in_bucket = comparable(find_photos(f"{bucket}/photos"), f"{bucket}/photos")
    assert in_bucket == on_disk
    assert len(on_disk) == 6


def test_what_may_be_splits_or_classes_is_refused(bucket: str) -> None:
    put(bucket, {"train/apple/1.jpg": b"", "other/apple/1.jpg": b""})
    with pytest.raises(PermanentError, match=r"'train', which contains folders, next to 'other'"):
        list(find_photos(bucket))
    found = list(find_photos(bucket, "split"))
    assert [(photo.label, photo.flaw is None) for photo in found] == [
        (None, False),
        ("apple", True),
    ]


def test_a_table_may_hold_keys_as_they_are_or_encoded(tmp_path: Path, bucket: str) -> None:
    put(bucket, {"my%20apple.png": photo(1), "50%25.png": photo(2), "my pear.png": photo(3)})
    tables = {
        "as they are": ("my%20apple.png", "50%25.png", "my pear.png"),
        "encoded": ("my%2520apple.png", "50%2525.png", "my%20pear.png"),
    }
    for number, keys in enumerate(tables.values()):
        lines = [f"{bucket}/{keys[0]},a", *(f"{key},a" for key in keys[1:])]
        put(bucket, {f"table{number}.csv": "\n".join(["uri,label", *lines]).encode()})
        found = find_photos(f"{bucket}/table{number}.csv")
        assert [read_candidate(one) for one in found] == [photo(1), photo(2), photo(3)]


def test_a_whole_bucket_can_be_the_place(bucket: str) -> None:
    put(bucket, {"apple/1.png": photo(1)})
    (found,) = find_photos(bucket)
    assert (found.uri, found.label) == (f"{bucket}/apple/1.png", "apple")
    assert read_candidate(found) == photo(1)


@pytest.mark.parametrize("place", ["", "/nothing", "/apple/1.pn"])
def test_a_place_without_photos_is_refused(place: str, bucket: str) -> None:
    if place:
        put(bucket, {"apple/1.png": photo(1)})
    with pytest.raises(PermanentError, match="received nothing; check the bucket and the path"):
        list(find_photos(bucket + place))


def test_a_bucket_that_is_not_there_is_named(bucket: str) -> None:
    with pytest.raises(PermanentError, match=r"a bucket \w\w://no-such-bucket-here"):
        list(find_photos(bucket[:5] + "no-such-bucket-here/photos"))


def test_the_same_photos_have_the_same_digest_and_splits(
    tmp_path: Path, s3_bucket: str, gs_bucket: str
) -> None:
    files = {f"{name}/{number}.png": photo(hash_of(name, number)) for name, number in numbered()}
    files["apple/copy.png"] = files["pear/1.png"]
    files["apple/broken.png"] = files["pear/1.png"][:100]
    files["apple/notes.txt"] = b"some notes"
    write(tmp_path / "photos", files)
    tables = []
    for place in (str(tmp_path / "photos"), s3_bucket, gs_bucket):
        if place != str(tmp_path / "photos"):
            put(place, files)
        index = tmp_path / f"index-{len(tables)}"
        config = ValidationConfig(image_size=32, max_unreadable=0.5, max_leakage=1)
        result = validate_photos(place, index, tmp_path / "pixels", tmp_path / "report", config)
        table = pq.read_table(index / "index.parquet").drop_columns("reason")
        uris = [uri.removeprefix(place) for uri in table["uri"].to_pylist()]
        tables.append((result.data_digest, uris, table.drop_columns("uri").to_pydict()))
    assert tables[1:] == [tables[0]] * 2


def numbered() -> Iterator[tuple[str, int]]:
    for name in ("apple", "pear", "plum"):
        for number in range(12):
            yield name, number


def hash_of(name: str, number: int) -> int:
    return sum(name.encode()) * 100 + number


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_table_in_a_bucket_lists_photos_beside_it(
    suffix: str, bucket: str, tmp_path: Path
) -> None:
    put(bucket, {"sets/photos/1.png": photo(1), "elsewhere/2.png": photo(2)})
    rows = "uri,label\n" + "".join(
        f"{uri},{label}\n"
        for uri, label in (
            ("photos/1.png", "apple"),
            ("../elsewhere/2.png", "pear"),
            (f"{bucket}/sets/photos/1.png", "plum"),
            ("photos/gone.png", "pear"),
            ("gs://B", "pear"),
        )
    )
    (tmp_path / "table.csv").write_text(rows)
    if suffix == "parquet":
        import pyarrow.csv

        pq.write_table(pyarrow.csv.read_csv(tmp_path / "table.csv"), tmp_path / "table.parquet")
    put(bucket, {f"sets/table.{suffix}": (tmp_path / f"table.{suffix}").read_bytes()})
    found = list(find_photos(f"{bucket}/sets/table.{suffix}"))
    assert [candidate.label for candidate in found] == ["apple", "pear", "plum", "pear", "pear"]
    assert [read_candidate(candidate) for candidate in found[:3]] == [photo(1), photo(2), photo(1)]
    for candidate in found[3:]:
        with pytest.raises(PhotoError, match=r"no such object"):
            read_candidate(candidate)


def test_a_table_on_this_machine_may_list_objects(bucket: str, tmp_path: Path) -> None:
    put(bucket, {"a b/50%.png": photo(1)})
    (tmp_path / "table.csv").write_text(f"uri,label\n{bucket}/a b/50%25.png,apple\n")
    (found,) = find_photos(str(tmp_path / "table.csv"))
    assert read_candidate(found) == photo(1)


def test_a_key_of_any_letters_is_found_again_by_its_uri(bucket: str) -> None:
    key = "photos/50% é \U0001f34e +&=?#.png"
    put(bucket, {key: photo(1)})
    place = Location.parse(bucket)
    uri = object_to_uri(Location(place.scheme, place.bucket, key))
    (found,) = find_photos(bucket)
    assert found.uri == uri
    assert read_bytes(uri) == photo(1)


def test_an_object_that_vanishes_after_it_was_listed_has_a_reason(bucket: str) -> None:
    put(bucket, {f"apple/{number}.png": photo(number) for number in range(3)})
    candidates = find_photos(bucket)
    first = next(candidates)
    open_client(Location.parse(bucket)).delete("apple/1.png")
    contents = []
    for candidate in (first, *candidates):
        try:
            contents.append(read_bytes(candidate.uri))
        except PhotoError as error:
            contents.append(error.kind)
    assert contents == [photo(0), "missing", photo(2)]


def test_what_is_too_large_or_no_photo_is_not_downloaded(bucket: str) -> None:
    put(bucket, {"film.jpg": b"\0" * 2_000_000})
    with pytest.raises(PhotoError, match="2,000,000 bytes, more than the limit of 1,000"):
        read_bytes(f"{bucket}/film.jpg", 1000)
    with pytest.raises(PhotoError, match="not a picture"):
        read_bytes(f"{bucket}/film.jpg")
    put(bucket, {"empty.jpg": b""})
    assert read_bytes(f"{bucket}/empty.jpg") == b""


def test_more_photos_than_a_page_lists_come_in_order(bucket: str) -> None:
    names = [f"apple/{number:04d}.jpg" for number in range(1_050)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda name: put(bucket, {name: name.encode()}), names))
    found = list(find_photos(bucket))
    assert [candidate.uri for candidate in found] == [f"{bucket}/{name}" for name in names]
    assert [read_candidate(candidate) for candidate in found] == [name.encode() for name in names]


def test_what_is_read_ahead_is_bounded_however_many_photos_there_are(bucket: str) -> None:
    content = b"\xff\xd8\xff" + bytes(3 << 20)
    put(bucket, {f"apple/{number:02d}.jpg": content for number in range(30)})
    found = list(find_photos(bucket))  # as if nobody decoded: nothing is taken
    assert sum(candidate.pending is not None for candidate in found) == (64 << 20) // len(content)
    assert all(read_candidate(candidate) == content for candidate in found)


def test_corrections_in_a_bucket_name_the_photos_beside_them(bucket: str, tmp_path: Path) -> None:
    names = [f"{name}/{number}.png" for name, number in numbered()]
    files = {name: photo(seed) for seed, name in enumerate(names)}
    table = b"uri,correction\nphotos/apple/0.png,pear\nphotos/plum/1.png,drop\n"
    put(bucket, {f"photos/{name}": content for name, content in files.items()})
    put(bucket, {"corrections.csv": table})
    config = ValidationConfig(
        image_size=32, corrections=f"{bucket}/corrections.csv", max_leakage=1, max_unreadable=1
    )
    index = tmp_path / "index"
    result = validate_photos(
        f"{bucket}/photos", index, tmp_path / "pixels", tmp_path / "report", config
    )
    assert not result.warnings, result.warnings
    rows = {row["uri"]: row for row in pq.read_table(index / "index.parquet").to_pylist()}
    assert rows[f"{bucket}/photos/apple/0.png"]["label"] == "pear"
    assert rows[f"{bucket}/photos/plum/1.png"]["status"] != "used"
    with pytest.raises(PermanentError, match=r"other\.csv"):
        validate_photos(
            f"{bucket}/photos", index, tmp_path / "pixels", tmp_path / "report",
            ValidationConfig(corrections=f"{bucket}/other.csv"),
        )  # fmt: skip
