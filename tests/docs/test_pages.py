"""What the pages say works, in the order in which a reader finds it."""

import shutil
from pathlib import Path

import pytest
from tests.docs.blocks import PAGES, ROOT, find_executed
from tests.docs.reader import PROGRAMS, Reader
from tests.fixtures.comparisons import make_comparison
from tests.fixtures.photos import fruit_of

from viewfinder_comparison.results import write_comparison

README = ROOT / "README.md"
OTHERS = [
    page
    for page in PAGES
    if page != README and (find_executed(page, "shell") or find_executed(page, "python"))
]
# Three runs: two minutes of processor time, which take longer on a busy machine.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone's `.venv/bin`, and the photos that the pages name."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / ".venv").mkdir()
    (folder / ".venv" / "bin").symlink_to(PROGRAMS)
    for label, photos in fruit_of("Apple", "Pear", count=20).items():
        (folder / "PHOTOS" / label).mkdir(parents=True)
        for number, photo in enumerate(photos):
            (folder / "PHOTOS" / label / f"{number}.jpg").write_bytes(photo)
    (folder / "photos").symlink_to("PHOTOS")
    shutil.copy(folder / "PHOTOS" / "Apple" / "0.jpg", folder / "a.jpg")
    shutil.copy(folder / "PHOTOS" / "Pear" / "0.jpg", folder / "b.jpg")
    return folder


@pytest.fixture(scope="module")
def said(folder: Path) -> str:
    """What the commands of the README print: they make the run and the model of all pages."""
    return Reader(folder).read_page(README)


def test_the_readme(said: str) -> None:
    assert "version 1 is" in said
    assert "a.jpg: Apple" in said
    assert '"predictions"' in said


@pytest.fixture
def reader(said: str, folder: Path, tmp_path: Path) -> Reader:
    """A reader after the README, with the run's files where the pages have them."""
    own = tmp_path / "clone"
    shutil.copytree(folder, own, symlinks=True)
    (run,) = (own / ".viewfinder" / "runs").iterdir()
    for name in ("label_issues.csv", "index.parquet"):
        shutil.copy(next(run.rglob(name)), own)
    measured = own / "build" / "comparison"
    measured.mkdir(parents=True)
    write_comparison(measured / "comparison.json", make_comparison())
    return Reader(own)


@pytest.mark.parametrize("page", OTHERS, ids=lambda page: page.name)
def test_a_page(reader: Reader, page: Path) -> None:
    if page.name == "batch-prediction.md":
        with reader.serving("viewfinder serve pets"):
            reader.read_page(page)
    else:
        reader.read_page(page)
