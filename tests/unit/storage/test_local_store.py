import hashlib
import os
import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.storage.local_store import LocalStore
from viewfinder_components.storage.locking import locked
from viewfinder_components.storage.store import open_store


def write_servable(folder: Path, content: bytes = b"{}") -> dict[str, str]:
    """Write a small directory that could be published; return its digests."""
    (folder / "variables").mkdir(parents=True)
    files = {"manifest.json": content, "model.bin": b"weights", "variables/index": b""}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "root" / "below")


def add(store: LocalStore, tmp_path: Path, content: bytes) -> int:
    servable = tmp_path / content.hex()
    return store.add("fruit", servable, write_servable(servable, content))[0].number


def test_nothing_is_there_before_the_first_version(store: LocalStore) -> None:
    assert store.versions("fruit") == []
    assert store.latest("fruit") is None
    assert not store.root.exists()


def test_versions_count_from_one_in_the_order_of_numbers(store: LocalStore, tmp_path: Path) -> None:
    assert [add(store, tmp_path, b"%d" % number) for number in range(11)] == list(range(1, 12))
    assert [version.number for version in store.versions("fruit")] == list(range(1, 12))
    latest = store.latest("fruit")
    assert latest is not None
    path = store.root / "fruit" / "11"
    assert store.fetch(latest, tmp_path / "unused") == path
    assert latest.uri == f"file://{path}"
    assert open_store(latest.uri) == LocalStore(path)


@pytest.mark.parametrize("umask", [0o077, 0o027, 0o002])
def test_everybody_may_read_a_version_whatever_the_umask(
    store: LocalStore, tmp_path: Path, umask: int
) -> None:
    before = os.umask(umask)
    try:
        add(store, tmp_path, b"first")
    finally:
        os.umask(before)
    version = store.root / "fruit" / "1"
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (version, *version.rglob("*"))}
    folders = {mode & 0o755 for path, mode in modes.items() if path.is_dir()}
    assert (folders, {mode for path, mode in modes.items() if path.is_file()}) == ({0o755}, {0o444})
    for path in (store.root.parent, store.root, store.root / "fruit"):
        assert path.stat().st_mode & 0o005 == 0o005


def test_a_closed_folder_above_the_versions_is_told(
    store: LocalStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store.root.mkdir(parents=True)
    store.root.chmod(0o700)
    add(store, tmp_path, b"first")
    assert "is closed to them" in caplog.text
    assert stat.S_IMODE(store.root.stat().st_mode) == 0o700  # what was there is the user's


def test_foreign_and_unfinished_names_are_no_versions(store: LocalStore, tmp_path: Path) -> None:
    add(store, tmp_path, b"first")
    folder = store.root / "fruit"
    for name in ("7", "notes", "-3", "08", "1.5", "٣", "9" * 30, ".staging-x"):
        (folder / name).mkdir()
    for name in ("notes", "-3", "08", "1.5", "٣", "9" * 30, ".staging-x"):
        (folder / name / "manifest.json").write_text("{}")
    (folder / "5").write_text("a file")
    (folder / "6").symlink_to(folder / "1")
    assert [version.number for version in store.versions("fruit")] == [1]
    # Numbers that others took are never given.
    assert add(store, tmp_path, b"second") == 8


@pytest.mark.parametrize("highest", ["999999999999999998", "999999999999999999"])
def test_beyond_the_highest_number_nothing_is_published(
    store: LocalStore, tmp_path: Path, highest: str
) -> None:
    (store.root / "fruit" / highest).mkdir(parents=True)
    if highest.endswith("8"):
        assert add(store, tmp_path, b"1") == int(highest) + 1
        assert [version.number for version in store.versions("fruit")] == [int(highest) + 1]
    with pytest.raises(PermanentError, match="the highest number a version can have"):
        add(store, tmp_path, b"2")


def test_what_is_published_is_the_same_and_read_only(store: LocalStore, tmp_path: Path) -> None:
    digests = write_servable(tmp_path / "servable")
    version, reused = store.add("fruit", tmp_path / "servable", digests)
    assert not reused
    folder = store.root / "fruit" / "1"
    assert version.uri == f"file://{folder}"
    found = {path for path in folder.rglob("*") if path.is_file()}
    assert {path.relative_to(folder).as_posix() for path in found} == digests.keys()
    for path in found:
        digest = digests[path.relative_to(folder).as_posix()]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
        assert not stat.S_IMODE(path.stat().st_mode) & 0o222
    assert sorted(os.listdir(store.root / "fruit")) == [".lock", "1"]


def test_the_same_files_are_the_same_version(store: LocalStore, tmp_path: Path) -> None:
    digests = write_servable(tmp_path / "servable")
    first, _ = store.add("fruit", tmp_path / "servable", digests)
    add(store, tmp_path, b"another")
    assert store.add("fruit", tmp_path / "servable", digests) == (first, True)
    assert store.add("other-fruit", tmp_path / "servable", digests)[1] is False


def test_a_damaged_version_is_not_used_again(store: LocalStore, tmp_path: Path) -> None:
    digests = write_servable(tmp_path / "servable")
    first, _ = store.add("fruit", tmp_path / "servable", digests)
    (store.fetch(first, tmp_path) / "model.bin").unlink()
    second, reused = store.add("fruit", tmp_path / "servable", digests)
    assert (second.number, reused) == (2, False)


def test_a_file_with_another_digest_leaves_nothing(store: LocalStore, tmp_path: Path) -> None:
    digests = write_servable(tmp_path / "servable")
    (tmp_path / "servable" / "model.bin").write_bytes(b"changed since")
    with pytest.raises(PermanentError, match=r"model\.bin with sha256"):
        store.add("fruit", tmp_path / "servable", digests)
    assert store.versions("fruit") == []
    assert os.listdir(store.root / "fruit") == []


@pytest.mark.parametrize("trick", ["link", "gone", "directory"])
def test_a_file_that_became_something_else_is_refused(
    trick: str, store: LocalStore, tmp_path: Path
) -> None:
    digests = write_servable(tmp_path / "servable")
    path = tmp_path / "servable" / "model.bin"
    path.rename(tmp_path / "elsewhere")
    if trick == "link":
        path.symlink_to(tmp_path / "elsewhere")
    elif trick == "directory":
        path.mkdir()
    with pytest.raises(PermanentError, match=r"a readable file .*model\.bin"):
        store.add("fruit", tmp_path / "servable", digests)


def test_a_dead_publishers_leftovers_go_and_a_living_ones_stay(
    store: LocalStore, tmp_path: Path
) -> None:
    folder = store.root / "fruit"
    for name in (".staging-dead", ".staging-alive"):
        (folder / name / "version").mkdir(parents=True)
        (folder / name / "lock").touch()
    with locked(folder / ".staging-alive" / "lock"):
        add(store, tmp_path, b"new")
    assert sorted(os.listdir(folder)) == [".lock", ".staging-alive", "1"]


@pytest.mark.parametrize("place", ["root", "root/fruit", ""])
def test_a_file_in_place_of_a_directory_is_named(place: str, tmp_path: Path) -> None:
    blocked = tmp_path / "block" / place
    blocked.parent.mkdir(parents=True, exist_ok=True)
    blocked.write_text("in the way")
    store = LocalStore(tmp_path / "block" / "root")
    digests = write_servable(tmp_path / "servable")
    with pytest.raises(PermanentError, match="expected a directory as the model root"):
        store.add("fruit", tmp_path / "servable", digests)
    with pytest.raises(PermanentError, match="expected a directory as the model root"):
        store.versions("fruit")


def test_a_root_that_cannot_be_written_says_who_lacks_what(tmp_path: Path) -> None:
    # /sys lets nobody make directories, not even root.
    store = LocalStore(Path("/sys/viewfinder"))
    digests = write_servable(tmp_path / "servable")
    with pytest.raises(PermanentError, match=rf"permission .* user id {os.getuid()} "):
        store.add("fruit", tmp_path / "servable", digests)


def test_no_room_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    digests = write_servable(tmp_path / "servable")
    code = (
        "import sys; from pathlib import Path;"
        "from viewfinder_components.storage.local_store import LocalStore;"
        f"LocalStore(Path(sys.argv[1])).add('fruit', Path(sys.argv[2]), {digests!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "root", tmp_path / "servable"],
        # The kernel refuses what grows beyond the limit, as it does on a full disk.
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4, 4)),
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "PermanentError: expected room for a version" in done.stderr
    assert os.listdir(tmp_path / "root" / "fruit") == []
