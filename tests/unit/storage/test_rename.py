"""Where a file system knows no locks, the rename alone decides who gets a number."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier

from viewfinder_components.storage.local_store import _rename


def _wait_and_rename(start: Barrier, content: Path, folder: Path) -> int:
    start.wait()
    return _rename(content, folder)


def test_racing_renames_get_numbers_of_their_own(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for turn in range(20):
        contents = [tmp_path / f"{turn}-{number}" for number in range(8)]
        for content in contents:
            content.mkdir()
            (content / "manifest.json").write_text(content.name)
        with ThreadPoolExecutor(len(contents)) as pool:
            rename = partial(_wait_and_rename, Barrier(len(contents)), folder=folder)
            numbers = list(pool.map(rename, contents))
        for number, content in zip(numbers, contents, strict=True):
            assert (folder / str(number) / "manifest.json").read_text() == content.name
    assert sorted(int(path.name) for path in folder.iterdir()) == list(range(1, 161))
