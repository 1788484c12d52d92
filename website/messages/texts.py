"""The texts that an expression can have: its fixed words, and names for what varies.

A message is often put together from several places: a constant, a variable that has one of two
texts, an argument of the function that raises the error. All of them are followed.
"""

import ast
import math
from collections.abc import Iterable, Mapping
from itertools import product

from website.messages.names import fill_fields, has_words, name_expression, name_variable
from website.messages.program import Place, read_callee
from website.messages.values import Value, Values

_FORMATTERS = {
    "shown",
    "shorten",
    "name_some",
    "_some",
    "reason_of",
}  # their own words only frame a value
_MOST = 8  # texts of one expression; if there are more, what varies is only named
_MOST_OF_PART = 3
_DEEPEST = 20
Bindings = Mapping[str, Value]


class Texts:
    """Reads the texts of expressions.

    Args:
        values: Of the program that has the expressions.
    """

    def __init__(self, values: Values) -> None:
        self._values = values

    def read(self, value: Value, bound: Bindings | None = None, depth: int = 0) -> list[str]:
        """Return every text that an expression can have, in the order of the source.

        Args:
            value: The expression.
            bound: What certain variables stand for, in place of all that they can have.
            depth: How many expressions led to this one.
        """
        found: list[str] = []
        if depth <= _DEEPEST:
            found = list(dict.fromkeys(self._read(value, bound or {}, depth + 1)))
        return found if 0 < len(found) <= _MOST else [name_expression(value.node)]

    def _read(self, value: Value, bound: Bindings, depth: int) -> list[str]:
        node, place = value
        found: list[str] = []
        match node:
            case ast.Constant():
                found = ["" if node.value is None else str(node.value)]
            case ast.JoinedStr():
                found = self._join(node.values, place, bound, depth)
            case ast.BinOp(op=ast.Add()):
                found = self._join([node.left, node.right], place, bound, depth)
            case ast.FormattedValue():
                found = self._read_part(node, place, bound, depth)
            case ast.IfExp():
                found = self._unite([node.body, node.orelse], place, bound, depth)
            case ast.BoolOp(op=ast.Or()):
                found = self._unite(node.values, place, bound, depth)
            case ast.Name():
                found = self._read_name(node, place, bound, depth)
            case ast.Call():
                found = self._read_call(node, place, bound, depth)
            case ast.Subscript(value=ast.Name() as table):
                found = self._read_entries(table, node.slice, place, depth)
        return found

    def _unite(
        self, nodes: Iterable[ast.expr], place: Place, bound: Bindings, depth: int
    ) -> list[str]:
        return [text for node in nodes for text in self.read(Value(node, place), bound, depth)]

    def _join(
        self, nodes: Iterable[ast.expr], place: Place, bound: Bindings, depth: int
    ) -> list[str]:
        parts = [self.read(Value(node, place), bound, depth) for node in nodes]
        while math.prod(map(len, parts)) > _MOST:
            widest = max(range(len(parts)), key=lambda at: len(parts[at]))
            parts[widest] = [name_variable("details")]
        return ["".join(texts) for texts in product(*parts)]

    def _read_name(self, node: ast.Name, place: Place, bound: Bindings, depth: int) -> list[str]:
        if node.id in bound:
            return self.read(bound[node.id], {}, depth)
        return self._follow(node, self._values.find(node.id, place, node.lineno), depth)

    def _follow(self, node: ast.expr, values: Iterable[Value], depth: int) -> list[str]:
        """Read what an expression can be; a text without words is named after the expression."""
        texts = [text for value in values for text in self.read(value, {}, depth)]
        name = name_expression(node)
        told = dict.fromkeys(text if has_words(text) or not text else name for text in texts)
        return list(told) if any(told) and len(told) <= _MOST else [name]

    def _read_part(
        self, node: ast.FormattedValue, place: Place, bound: Bindings, depth: int
    ) -> list[str]:
        """Read what is filled in: its own texts if they are few, or else its name."""
        if number := self._read_number(node, place):
            return [number]
        texts = self.read(Value(node.value, place), bound, depth)
        is_told = all(has_words(text) or not text for text in texts)
        if not is_told or len(texts) > _MOST_OF_PART:
            return [name_expression(node.value)]
        return [f"'{text}'" for text in texts] if node.conversion == ord("r") else texts

    def _read_number(self, node: ast.FormattedValue, place: Place) -> str:
        """Return a constant number as the message shows it; empty if it is none."""
        if not isinstance(node.value, ast.Name):
            return ""
        parts = node.format_spec.values if isinstance(node.format_spec, ast.JoinedStr) else []
        spec = "".join(str(one.value) for one in parts if isinstance(one, ast.Constant))
        for value, where in self._values.find(node.value.id, place, node.value.lineno):
            is_fixed = where.function is None and isinstance(value, ast.Constant)
            if is_fixed and isinstance(value.value, int | float):  # type: ignore[attr-defined]
                return format(value.value, spec)  # type: ignore[attr-defined]
        return ""

    def _read_call(self, node: ast.Call, place: Place, bound: Bindings, depth: int) -> list[str]:
        match node:
            case ast.Call(func=ast.Name(id="spell")):
                found = [_spell(node.args)]
            case ast.Call(func=ast.Name(id="write_command"), args=words):
                found = self._write_command(words, place, bound, depth)
            case ast.Call(func=ast.Name(id="plural"), args=[_, *nouns]):
                (many, *_) = self.read(Value(nouns[-1], place), bound, depth)
                found = [f"{name_variable('number')} {many}{'s' if len(nouns) == 1 else ''}"]
            case ast.Call(
                func=ast.Attribute(value=ast.Constant() as between, attr="join"),
                args=[ast.Name() as names],
            ):
                found = self._join_constants(str(between.value), names, place, depth)
            case ast.Call(func=ast.Attribute(value=form, attr="format")):
                found = [*map(fill_fields, self.read(Value(form, place), bound, depth))]
            case ast.Call(func=ast.Name(id="tuple" | "list"), args=[first]):
                found = self.read(Value(first, place), bound, depth)
            case ast.Call(func=ast.Name(id=called)) if called in _FORMATTERS:
                found = []
            case _:
                returned = self._values.find_returned(read_callee(node), place)
                found = self._follow(node, returned, depth)
        return found

    def _write_command(
        self, words: list[ast.expr], place: Place, bound: Bindings, depth: int
    ) -> list[str]:
        """Return a command as it is written where a shell finds the program."""
        given = [one.value if isinstance(one, ast.Starred) else one for one in words]
        texts = [self.read(Value(one, place), bound, depth) for one in given]
        return [" ".join(["viewfinder", *filter(None, parts)]) for parts in product(*texts)]

    def _read_entries(self, table: ast.Name, key: ast.expr, place: Place, depth: int) -> list[str]:
        """Read the texts of a constant table: all of them, or the one at a constant position."""
        texts: list[str] = []
        for node, where in self._values.find(table.id, place, table.lineno):
            match node, key:
                case ast.Dict(), _:
                    texts += self._unite(node.values, where, {}, depth)
                case ast.Tuple(), ast.Constant(value=int(at)):
                    texts += self._unite([node.elts[at]], where, {}, depth)
        return texts

    def _join_constants(self, between: str, names: ast.Name, place: Place, depth: int) -> list[str]:
        for value, where in self._values.find(names.id, place, names.lineno):
            keys = value.keys if isinstance(value, ast.Dict) else getattr(value, "elts", [])
            if parts := self._unite([key for key in keys if key], where, {}, depth):
                return [between.join(parts)]
        return []


def _spell(args: list[ast.expr]) -> str:
    """Return a parameter as messages in Python name it."""
    match args:
        case [ast.Constant(value=name)]:
            return str(name)
        case [ast.Constant(value=name), ast.Constant(value=value)]:
            return f"{name!s}={value!s}"
        case [ast.Constant(value=name), _]:
            return f"{name!s}={name_variable(str(name))}"
    return name_variable("parameter")
