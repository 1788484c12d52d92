"""The page of a folder without a README: its pages and notebooks, by their titles."""

import re
from pathlib import Path

from website.notebook_page import write_notebook

_TITLE = re.compile(r"^# (.+)$", re.MULTILINE)


def write_listing(folder: Path) -> str:
    """Return a page that links to the pages and notebooks in a folder."""
    lines = [f"# {folder.name.capitalize()}", ""]
    for path in sorted(folder.iterdir()):
        if path.suffix in {".md", ".ipynb"}:
            text = path.read_text("utf-8")
            title = _TITLE.search(write_notebook(text) if path.suffix == ".ipynb" else text)
            lines.append(f"- [{title[1] if title else path.stem}]({path.name})")
    return "\n".join([*lines, ""])
