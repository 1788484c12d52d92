"""What a built HTML page contains that can be wrong: its links, pictures and anchors."""

from html.parser import HTMLParser
from pathlib import Path


class BuiltPage(HTMLParser):
    """An HTML page of the site.

    Attributes:
        links: What it leads to: the addresses of links and of scripts, styles and pictures.
        loaded: Those of these that a browser loads with the page.
        anchors: The ids in the page.
    """

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.anchors: set[str] = set()
        self.feed(file.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of a tag's attributes."""
        given = {name: value for name, value in attrs if value}
        if "id" in given:
            self.anchors.add(given["id"])
        addresses = {given[name] for name in ("href", "src") if name in given}
        self.links |= addresses
        if tag not in {"a", "link"} or given.get("rel") in {"stylesheet", "preconnect", "icon"}:
            self.loaded |= addresses
