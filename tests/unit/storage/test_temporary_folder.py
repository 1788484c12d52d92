"""A killed process's temporary folder goes when the next one is made; a living one's stays."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from viewfinder_components.storage.temporary_folder import temporary_folder

PREFIX = "viewfinder-test-"
HOLDER = f"""
from viewfinder_components.storage.temporary_folder import temporary_folder
with temporary_folder({PREFIX!r}) as folder:
    (folder / "ready.json").write_text("")
    print(folder, flush=True)
    input()
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_it_goes_with_the_block(place: Path) -> None:
    with temporary_folder(PREFIX) as folder:
        assert folder.parent == place
    assert list(place.iterdir()) == []


def test_a_killed_process_leaves_nothing_for_long(place: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(place)},
    ) as process:
        assert process.stdout is not None
        left = Path(process.stdout.readline().strip())
        with temporary_folder(PREFIX):
            assert (left / "ready.json").exists()
        process.kill()
    assert left.exists()
    with temporary_folder(PREFIX) as folder:
        assert list(place.iterdir()) == [folder]


def test_what_is_no_folder_of_ours_stays(place: Path) -> None:
    (place / f"{PREFIX}file").touch()
    (elsewhere := place / "elsewhere").mkdir()
    (elsewhere / "lock").touch()
    (place / f"{PREFIX}link").symlink_to(elsewhere)
    (place / "viewfinder-other-1").mkdir()
    before = sorted(place.rglob("*"))
    with temporary_folder(PREFIX):
        pass
    assert sorted(place.rglob("*")) == before
