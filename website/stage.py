"""Write the source of the documentation site: `python -m website.stage FOLDER`.

The source is made of the pages of the repository, as they are, and of what they link to. No page is
written for the site alone, except those of the API reference, which come from docstrings.
"""

import shutil
import sys
from pathlib import Path, PurePosixPath

from website.commonmark import adapt
from website.links import find_links, rewrite_links
from website.listing_page import write_listing
from website.notebook_page import write_notebook
from website.page_paths import PAGES, PICTURES, locate
from website.reference import write_reference
from website.source_page import write_source

ROOT = Path(__file__).parents[1]
# Everything else is on the site because a page links to it.
_FIRST_PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/**/*.md", "notebooks/*.ipynb")


def stage(folder: Path) -> None:
    """Write the site's source into an empty or missing folder."""
    waiting = [
        PurePosixPath(path.relative_to(ROOT))
        for pattern in _FIRST_PAGES
        for path in sorted(ROOT.glob(pattern))
    ]
    staged: set[PurePosixPath] = set()
    while waiting:
        path = waiting.pop()
        if path in staged:
            continue
        staged.add(path)
        target = folder / locate(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix in PICTURES:
            shutil.copyfile(ROOT / path, target)
        elif path.suffix in PAGES:
            text = _read_page(path)
            waiting += find_links(text, path, ROOT)
            target.write_text(adapt(rewrite_links(text, path, ROOT)), "utf-8")
        else:
            target.write_text(write_source(path, ROOT), "utf-8")
    for name, text in write_reference(ROOT):
        target = folder / "reference" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    shutil.copytree(ROOT / "website" / "assets", folder / "assets")


def _read_page(path: PurePosixPath) -> str:
    file = ROOT / path
    if not file.exists():
        return write_listing(file.parent)
    text = file.read_text("utf-8")
    return write_notebook(text) if path.suffix == ".ipynb" else text


if __name__ == "__main__":
    destination = Path(sys.argv[1])
    shutil.rmtree(destination, ignore_errors=True)
    try:
        stage(destination)
    except FileNotFoundError as error:
        sys.exit(f"Error: {error}")
