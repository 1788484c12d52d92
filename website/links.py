"""The links of a page: to files of the repository in its source, to pages on the site."""

import os.path
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from website.page_paths import locate

# In code, `](` does not begin a link; the pages have such code in fences only.
_FENCE = re.compile(r"(^ *```.*?^ *```$)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)#\s]+)")


def find_links(text: str, page: PurePosixPath, root: Path) -> Iterator[PurePosixPath]:
    """Yield the files that a page links to, relative to `root`; for a folder, its README.

    Raises:
        FileNotFoundError: A link leads to a file that does not exist.
    """
    for part in _FENCE.split(text)[::2]:
        for link in _LINK.findall(part):
            yield _resolve(link, page, root)


def rewrite_links(text: str, page: PurePosixPath, root: Path) -> str:
    """Return the text with links that lead to the same files on the site."""
    folder = locate(page).parent

    def lead(found: re.Match[str]) -> str:
        return os.path.relpath(locate(_resolve(found[1], page, root)), folder)

    parts = _FENCE.split(text)
    parts[::2] = [_LINK.sub(lead, part) for part in parts[::2]]
    return "".join(parts)


def _resolve(link: str, page: PurePosixPath, root: Path) -> PurePosixPath:
    target = PurePosixPath(os.path.normpath(page.parent / link))
    if not (root / target).exists() or target.is_relative_to(".."):
        raise FileNotFoundError(
            f"expected a file of the repository in the link ({link}) of {page}, "
            f"received {target}, which does not exist; correct the link"
        )
    return target / "README.md" if (root / target).is_dir() else target
