"""The blocks of code in the pages, each with the reason why it is not executed, if it is not."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
PAGES = [
    *(
        ROOT / name
        for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "manifests/README.md")
    ),
    *sorted((ROOT / "docs").rglob("*.md")),
]
CODE = {"": "shell", "python": "python", "console": "shell"}
"""The languages of blocks that can be executed; an indented block has the language ""."""

OTHERS = {"json", "text", "toml", "yaml"}
MARK = re.compile(r"^ *<!-- not executed: (?P<reason>.*?) -->$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A block of code of a page.

    Attributes:
        language: As the page says; empty for an indented block.
        line: Where its first line is, from 1.
        reason: Why it is not executed; None if it is.
    """

    page: Path
    language: str
    line: int
    text: str
    reason: str | None

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def read_blocks(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page, in their order."""
    mark = None
    for token in MarkdownIt().parse(page.read_text("utf-8")):
        if token.type in ("code_block", "fence") and token.map:
            line = token.map[0] + 1 + (token.type == "fence")
            reason = mark["reason"] if mark else None
            yield Block(page, token.info.strip(), line, token.content, reason)
        mark = MARK.fullmatch(token.content.strip()) if token.type == "html_block" else None


def find_executed(page: Path, kind: str) -> list[Block]:
    """Return the blocks of a page that are executed: `shell` or `python`."""
    blocks = read_blocks(page)
    return [one for one in blocks if CODE.get(one.language) == kind and one.reason is None]
