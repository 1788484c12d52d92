"""Where a file of the repository is on the site."""

from pathlib import PurePosixPath

# Linked files of other kinds become pages that show their text.
PAGES = frozenset({".md", ".ipynb"})
PICTURES = frozenset({".png", ".svg"})


def locate(path: PurePosixPath) -> PurePosixPath:
    """Return the place of a file or folder in the site's source, both relative to their roots.

    The folder `docs` is the root of the site, and a README is the page of its folder.
    """
    if path.suffix in PICTURES:
        return _without_docs(path)
    if path.suffix not in PAGES:
        return PurePosixPath("files", f"{path}.md")
    if path.name == "README.md":
        path = path.with_name("index.md")
    return _without_docs(path).with_suffix(".md")


def _without_docs(path: PurePosixPath) -> PurePosixPath:
    return path.relative_to("docs") if path.is_relative_to("docs") else path
