"""JSON and TOML nested deeper than Python recurses: whoever catches what is malformed catches it.

Files and answers come from elsewhere, and parsers raise `RecursionError`, which is no `ValueError`.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for folder in ("components", "pipelines")
    for path in (ROOT / folder).rglob("*.py")
    if path.name != "app.py"  # what users of other servers write
)
PARSERS = {"json.loads", "json.load", "tomllib.loads", "tomllib.load"}
MALFORMED = {"ValueError", "JSONDecodeError"}
CAUGHT = {"RecursionError", "MALFORMED", "Exception", "BaseException"}


def parses(node: ast.AST) -> bool:
    """Whether a call parses a document."""
    if not isinstance(node, ast.Call):
        return False
    text = ast.unparse(node.func)
    return text in PARSERS or (text.endswith(".json") and not node.args and not node.keywords)


def names_in(handler: ast.ExceptHandler) -> set[str]:
    if handler.type is None:
        return {"BaseException"}
    return set(re.findall(r"\w+", ast.unparse(handler.type)))


def find_gaps(source: str) -> Iterator[int]:
    """Yield the lines of blocks that catch a parser's errors, but not that one."""
    for block in ast.walk(ast.parse(source)):
        if isinstance(block, ast.Try):
            caught = set().union(*map(names_in, block.handlers))
            is_parsing = any(parses(node) for one in block.body for node in ast.walk(one))
            if is_parsing and caught & MALFORMED and not caught & CAUGHT:
                yield block.lineno


def test_documents_that_are_nested_too_deeply() -> None:
    gaps = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in SOURCES
        for line in find_gaps(path.read_text("utf-8"))
    ]
    assert gaps == []


def test_gaps_are_found() -> None:
    block = "try:\n    a = json.loads(b)\nexcept ({}):\n    pass"
    assert list(find_gaps(block.format("OSError, ValueError"))) == [1]
    assert list(find_gaps(block.format("ValueError, RecursionError"))) == []
