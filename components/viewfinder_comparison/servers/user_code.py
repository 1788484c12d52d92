"""What the user of a server writes, and how many lines that is."""

import ast
import io
import tokenize

from viewfinder_comparison.results import Code
from viewfinder_comparison.servers.server import Server

_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def read_code(server: Server) -> Code:
    """Return the files that a server's user writes, with their number of lines."""
    files = {name: (server.place / name).read_text("utf-8") for name in server.files}
    return Code(files=files, lines=sum(count_lines(name, text) for name, text in files.items()))


def count_lines(name: str, text: str) -> int:
    """Return how many lines are neither blank, comment nor docstring.

    Args:
        name: The file's name; only Python's comments and docstrings are known.
        text: Its contents.
    """
    if not name.endswith(".py"):
        return sum(bool(line.strip()) for line in text.splitlines())
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in _NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - _docstring_lines(text))


def _docstring_lines(text: str) -> set[int]:
    lines: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, _DOCUMENTED):
            continue
        if ast.get_docstring(node, clean=False) is not None:
            first = node.body[0]
            lines.update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return lines
