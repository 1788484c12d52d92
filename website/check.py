"""Check a built site: `python -m website.check FOLDER [ADDRESS]`, where ADDRESS is the site's own.

Zensical checks the links in the text of pages. This checks what a browser gets: every link, also in
the navigation, every picture, every anchor, and that a page loads nothing from other hosts.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from website.built_page import BuiltPage


def find_problems(site: Path, address: str = "") -> Iterator[str]:
    """Yield one line for each link that leads nowhere and each request to another host.

    Args:
        site: The folder of the built site.
        address: Where the site will be, such as "https://example.github.io/viewfinder/"; empty if
            at the root of a host.
    """
    root = urlsplit(address).path.rstrip("/") + "/"
    pages = {file.resolve(): BuiltPage(file) for file in sorted(site.rglob("*.html"))}
    if not pages:
        yield f"expected HTML pages in {site}, received none; run `make docs`"
    for file, page in pages.items():
        name = file.relative_to(site.resolve())
        for link in sorted(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                if link in page.loaded:
                    yield f"{name}: loads {link} from another host"
                continue
            target = _locate(parts.path, file, site.resolve(), root)
            if not target.is_file():
                yield f"{name}: {link} leads to {target}, which does not exist"
            elif parts.fragment and target in pages and not _has(pages[target], parts.fragment):
                yield f"{name}: {link} leads to an anchor that does not exist"


def _locate(path: str, file: Path, site: Path, root: str) -> Path:
    if not path:
        return file
    # 404.html has absolute addresses, because it is shown at every address.
    folder = site if path.startswith("/") else file.parent
    path = path.removeprefix(root)  # outside of it, a path stays absolute, and leads nowhere
    target = (folder / unquote(path)).resolve()
    return target / "index.html" if target.is_dir() else target


def _has(page: BuiltPage, fragment: str) -> bool:
    return unquote(fragment) in page.anchors


if __name__ == "__main__":
    problems = list(find_problems(Path(sys.argv[1]), *sys.argv[2:]))
    print(*problems or ["every link of the site leads somewhere"], sep="\n")
    sys.exit(bool(problems))
