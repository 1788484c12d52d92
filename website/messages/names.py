"""The names of what varies in a message: `the photo *uri* of *number*`."""

import ast
import re

OPEN, CLOSE = "\x01", "\x02"
"""What stands around the name of something that varies."""

_VARIABLE = re.compile(f"{OPEN}[^{CLOSE}]*{CLOSE}")
_FIELD = re.compile(r"\{(\w+)\}")
_NAMES = {  # of variables whose own names say little
    "error": "reason", "strerror": "reason", "detail": "reason", "said": "reason",
    "name__": "error", "least": "minimum", "most": "maximum", "parent": "folder",
    "returncode": "exit code", "uri": "URI", "url": "URL",
    "os": "number", "np": "size", "self": "details",
}  # fmt: skip


def name_variable(name: str) -> str:
    """Return what stands for a value in a message: the words of its name."""
    name = name.lstrip("_").lower()
    return f"{OPEN}{_NAMES.get(name, name).replace('_', ' ') or 'value'}{CLOSE}"


def name_expression(node: ast.expr) -> str:
    """Return what stands for an expression's value: the last name in it."""
    if name := _read_name(node):
        return name_variable(name)
    if isinstance(node, ast.Call) and (inner := _find_argument(node)):
        return name_expression(inner)
    match node:
        case (
            ast.Attribute(value=inner)
            | ast.Subscript(value=inner)
            | ast.Starred(value=inner)
            | ast.FormattedValue(value=inner)
            | ast.Call(func=ast.Attribute(value=inner))
            | ast.BinOp(right=inner)
        ):
            return name_expression(inner)
        case ast.GeneratorExp(generators=[first, *_]) | ast.ListComp(generators=[first, *_]):
            return name_expression(first.iter)
    return name_variable("value")


def _read_name(node: ast.expr) -> str:
    """Return the name that an expression itself has; empty if it has none."""
    match node:
        case ast.Attribute(attr=name) if name != "value":  # that is an enumeration's
            return name
        case ast.Name(id=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(name)), *_]):
            return name
        case ast.Call(func=ast.Name(id="len")):
            return "number"
    return ""


def _find_argument(node: ast.Call) -> ast.expr | None:
    """Return the argument of a call whose value is in its result."""
    match node:
        case ast.Call(func=ast.Name(id="map"), args=[_, found]):
            return found
        case ast.Call(func=ast.Name() | ast.Attribute(attr="join"), args=[found, *_]):
            return found
    return None


def fill_fields(text: str) -> str:
    """Return a text for `str.format` with its fields named."""
    return _FIELD.sub(lambda found: name_variable(found[1]), text)


def has_words(text: str) -> bool:
    """Return whether a text has words of its own beside what varies."""
    return bool(re.search(r"[^\W\d]", _VARIABLE.sub("", text)))
