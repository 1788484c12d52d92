"""The documentation site has every page and every public name, and no link that leads nowhere."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from website.built_page import BuiltPage
from website.check import find_problems
from website.page_paths import locate
from website.stage import stage

import viewfinder
import viewfinder_client

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site's source and settings, as `make docs` uses them."""
    folder = tmp_path_factory.mktemp("project")
    stage(folder / "build" / "site-source")
    shutil.copy(ROOT / "zensical.toml", folder)
    for package in ("pipelines", "components"):
        (folder / package).symlink_to(ROOT / package)
    return folder


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    zensical = Path(sys.executable).with_name("zensical")
    command = [zensical, "build", "--clean", "--strict"]
    return subprocess.run(command, cwd=folder, text=True, capture_output=True, check=False)


@pytest.fixture(scope="module")
def site(folder: Path) -> Path:
    built = build(folder)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "build" / "site"


def test_every_link_picture_and_anchor_exists(site: Path) -> None:
    assert list(find_problems(site)) == []


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    anchors = set()
    for page in (site / "reference").rglob("*.html"):
        anchors |= BuiltPage(page).anchors
    missing = [
        f"{package.__name__}.{name}"
        for package in (viewfinder, viewfinder_client)
        for name in package.__all__
        if f"{package.__name__}.{name}" not in anchors
    ]
    assert missing == [], "names without an entry in the API reference"


def test_the_navigation_has_every_page(site: Path) -> None:
    links = {os.path.normpath(link) for link in BuiltPage(site / "index.html").links}
    pages = [path.relative_to(ROOT) for path in (ROOT / "docs").rglob("*.md")]
    pages += [path.relative_to(ROOT) for path in (ROOT / "notebooks").glob("*.ipynb")]
    missing = [str(path) for path in pages if str(locate(path).with_suffix("")) not in links]
    assert missing == [], "add these pages to nav in zensical.toml"


@pytest.mark.parametrize(
    ("address", "root"), [("", "/"), ("https://example.com/project/", "/project/")]
)
def test_the_page_for_missing_pages_finds_its_styles(
    tmp_path: Path, address: str, root: str
) -> None:
    """It is shown at every address, so that relative links do not work."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    folders = 'docs_dir = "build/site-source"\nsite_dir = "build/site"\n'
    settings = f'[project]\nsite_name = "Test"\n{folders}[project.theme]\nfont = false\n'
    (tmp_path / "zensical.toml").write_text(settings, "utf-8")
    source = tmp_path / "build" / "site-source"
    source.mkdir(parents=True)
    (source / "index.md").write_text("# Home\n", "utf-8")
    command = ["make", "-o", "docs-source", "docs", f"BIN={Path(sys.executable).parent}"]
    done = subprocess.run(
        [*command, f"SITE_URL={address}"],
        cwd=tmp_path,
        text=True,
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    links = BuiltPage(tmp_path / "build" / "site" / "404.html").loaded
    styles = {link for link in links if link.endswith(".css")}
    assert styles
    assert all(link.startswith(f"{root}assets/") for link in styles), styles


def test_a_link_to_a_missing_anchor_fails_the_build(tmp_path: Path) -> None:
    shutil.copy(ROOT / "zensical.toml", tmp_path)
    source = tmp_path / "build" / "site-source"
    source.mkdir(parents=True)
    (source / "index.md").write_text("# Home\n\n[gone](photos.md#gone)\n", "utf-8")
    (source / "photos.md").write_text("# Photos\n", "utf-8")
    built = build(tmp_path)
    assert built.returncode != 0
    assert "anchor does not exist" in built.stdout + built.stderr
