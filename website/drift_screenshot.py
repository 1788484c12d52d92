"""Make docs/images/drift.png, or another one: `python -m website.drift_screenshot PAGE [NAME]`.

PAGE is what `viewfinder drift --output PAGE` has written. The picture, docs/images/NAME.png, ends
with the first measure that has drifted. It needs a browser of the system.
"""

import sys
import tempfile
from pathlib import Path

from website.screenshots import find_browser, take_picture

_IMAGES = Path(__file__).parents[1] / "docs" / "images"
_STYLE = """<style>
section ~ section, footer, .moved ~ .moved { display: none }
.moved { margin-bottom: 0 !important; padding-bottom: 0 !important; border-bottom: 0 !important }
body { padding-bottom: 0 }
</style>"""


def write_page(found: Path, page: Path) -> None:
    """Write the part of a page that the picture shows."""
    text = found.read_text("utf-8")
    page.write_text(text.replace("</head>", f"{_STYLE}</head>"), "utf-8")


def main(arguments: list[str]) -> int:
    """Make the picture; return the exit code."""
    if len(arguments) not in (1, 2):
        print("Usage: python -m website.drift_screenshot PAGE [NAME]", file=sys.stderr)
        return 2
    page, name = (*arguments, "drift")[:2]
    picture = _IMAGES / f"{name}.png"
    with tempfile.TemporaryDirectory() as folder:
        shown = Path(folder) / "drift.html"
        write_page(Path(page), shown)
        take_picture(find_browser(), shown, picture)
    print(f"wrote {picture.name}, {picture.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
