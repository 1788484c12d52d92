"""Make docs/images/drift.png: `python -m website.drift_screenshot PAGE`.

PAGE is what `viewfinder drift --output PAGE` has written. The picture ends with the first measure
that has drifted. It needs a browser of the system.
"""

import sys
import tempfile
from pathlib import Path

from website.screenshots import find_browser, take_picture

_PICTURE = Path(__file__).parents[1] / "docs" / "images" / "drift.png"
_STYLE = """<style>
section ~ section, footer, .moved ~ .moved { display: none }
.moved { margin-bottom: 0 !important; padding-bottom: 0 !important; border-bottom: 0 !important }
body { padding-bottom: 0 }
</style>"""


def write_page(found: Path, page: Path) -> None:
    """Write the part of a page that the picture shows."""
    text = found.read_text("utf-8")
    page.write_text(text.replace("</head>", f"{_STYLE}</head>"), "utf-8")


def main(pages: list[str]) -> int:
    """Make the picture; return the exit code."""
    if len(pages) != 1:
        print("Usage: python -m website.drift_screenshot PAGE", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        shown = Path(folder) / "drift.html"
        write_page(Path(pages[0]), shown)
        take_picture(find_browser(), shown, _PICTURE)
    print(f"wrote {_PICTURE.name}, {_PICTURE.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
