"""The prose of a file: its text without code, each line where the file has it."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

CODE = "\N{MIDDLE DOT}"
"""What stands for code, so that the words around it are not read as neighbours."""

_NAME = re.compile(r"\w*_\w+")


class Passage(NamedTuple):
    """Some words, and the line of the file in which they begin."""

    line: int
    text: str


def read_prose(path: Path) -> str:
    """Return the prose of a Markdown or Python file, line for line, and empty lines for the rest.

    Python: the docstrings and comments, and outside tests every other text of several words,
    because those are messages for users.
    """
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        passages = _read_markdown(text, MarkdownIt().enable("table"))
    else:
        passages = _read_python(text, messages="tests" not in path.parts)
    lines = [""] * (text.count("\n") + 2)
    for start, words in passages:
        for number, line in enumerate(_NAME.sub(CODE, words).split("\n"), start):
            lines[number - 1] += line
        lines[number - 1] += f" {CODE} "
    return "\n".join(lines)


def _read_markdown(text: str, markdown: MarkdownIt) -> Iterator[Passage]:
    line = 1
    for token in markdown.parse(text):
        line = token.map[0] + 1 if token.map else line  # a table's cell has its row's
        if token.type == "inline":
            yield Passage(line, "".join(map(_shown, token.children or [])))


def _shown(token: Token) -> str:
    if token.type in {"softbreak", "hardbreak"}:
        return "\n"
    return CODE if token.type in {"code_inline", "html_inline"} else token.content


def _read_python(source: str, *, messages: bool) -> Iterator[Passage]:
    yield from _comments(source)
    tree = ast.parse(source)
    docstrings = set(map(id, _docstrings(tree)))
    # The arguments in a docstring are indented, and are no code.
    markdown = MarkdownIt().disable("code")
    for node, text in _texts(tree):
        if id(node) in docstrings:
            for line, words in _read_markdown(text, markdown):
                yield Passage(node.lineno + line - 1, words)
        elif messages and " " in text.strip():
            # Line ends in it are none of the file.
            yield Passage(node.lineno, re.sub(r"\s*\n\s*", " ", text))


def _comments(source: str) -> Iterator[Passage]:
    """Yield the comments, those on lines that follow each other as one."""
    whole: list[tokenize.TokenInfo] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        row, column = token.start
        if whole and (row - 1, column) != whole[-1].start:
            yield _joined(whole)
            whole = []
        whole.append(token)
    if whole:
        yield _joined(whole)


def _joined(comments: list[tokenize.TokenInfo]) -> Passage:
    words = "\n".join(comment.string.lstrip("#: ") for comment in comments)
    return Passage(comments[0].start[0], words)


def _docstrings(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield every text that is a statement: docstrings, and the descriptions below fields."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value


def _texts(node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node, node.value
    elif isinstance(node, ast.JoinedStr):
        yield (
            node,
            "".join(
                str(part.value) if isinstance(part, ast.Constant) else CODE for part in node.values
            ),
        )
    else:
        for child in ast.iter_child_nodes(node):
            yield from _texts(child)
