"""What an error received is never empty, and says more than that it was not what was expected."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from website.messages.collect import Collector
from website.messages.program import Call, Function, Module, Place, Program
from website.messages.values import Value, Values

VAGUE = re.compile(
    r"((something|another|other|an?|some|different|wrong|invalid|bad|unknown|not) ?)*"
    r"(else|ones?|values?|bytes|contents?|models?|things?|errors?)?"
)
SHORTENING = {"strip", "lstrip", "rstrip", "partition", "replace", "splitlines"}
MAYBE_EMPTY = {"strerror", "stderr", "stdout", "text"}  # attributes of other libraries' objects
DEEPEST = 12


class Emptiness:
    """Finds out whether an expression may be an empty text."""

    def __init__(self, program: Program) -> None:
        self._values = Values(program)
        self._ours = {
            node.name
            for module in program.modules.values()
            for node in ast.walk(module.tree)
            if isinstance(node, ast.ClassDef)
        }

    def is_possible(self, value: Value, depth: int = 0) -> bool:
        node, place = value
        parts = [
            Value(one, place) for one in ast.iter_child_nodes(node) if isinstance(one, ast.expr)
        ]
        if depth > DEEPEST:
            return False
        match node:
            case ast.JoinedStr() | ast.BinOp(op=ast.Add()):
                found = all(self.is_possible(one, depth + 1) for one in parts)
            case ast.FormattedValue(conversion=conversion):
                found = conversion != ord("r") and self.is_possible(parts[0], depth + 1)
            case ast.BoolOp(op=ast.Or()):
                found = self.is_possible(parts[-1], depth + 1)
            case ast.IfExp(test=test, body=body):
                is_tested = ast.unparse(body) in ast.unparse(test)
                found = any(self.is_possible(one, depth + 1) for one in parts[1 + is_tested :])
            case ast.Subscript():
                found = self.is_possible(parts[0], depth + 1)
            case _:
                found = self._is_possible_part(value, depth)
        return found

    def _is_possible_part(self, value: Value, depth: int) -> bool:
        """Return whether something that is not put together from other texts may be empty."""
        node, place = value
        match node:
            case ast.Constant(value=text):
                found = not str("" if text is None else text).strip()
            case ast.Call(func=ast.Attribute(value=inner, attr=name)) if name in SHORTENING:
                found = self.is_possible(Value(inner, place), depth + 1)
            case ast.Call(func=ast.Name(id="str"), args=[ast.Name() as inner]):
                found = self._is_of_others(inner, place)
            case ast.Attribute(attr=name):
                found = name in MAYBE_EMPTY
            case ast.Name():
                found = self._is_of_others(node, place) or self._may_have_none(node, place, depth)
            case _:
                found = False
        return found

    def _is_of_others(self, node: ast.Name, place: Place) -> bool:
        """Return whether a name is that of a caught exception whose class is another library's."""
        handlers = [
            one for one in find_ancestors(node, place) if isinstance(one, ast.ExceptHandler)
        ]
        caught = next((one for one in handlers if one.name == node.id), None)
        if caught is None or caught.type is None:
            return False
        kinds = caught.type.elts if isinstance(caught.type, ast.Tuple) else [caught.type]
        return not {ast.unparse(kind) for kind in kinds} <= self._ours

    def _may_have_none(self, node: ast.Name, place: Place, depth: int) -> bool:
        tests = [one.test for one in find_ancestors(node, place) if isinstance(one, ast.If)]
        if any(node.id in re.findall(r"\w+", ast.unparse(test)) for test in tests):
            return False  # it was looked at
        found = self._values.find(node.id, place, node.lineno)
        return any(self.is_possible(one, depth + 1) for one in found)


def find_ancestors(node: ast.AST, place: Place) -> Iterator[ast.AST]:
    above = place.module.parents.get(node)
    while above is not None and not isinstance(above, Function):
        yield above
        above = place.module.parents.get(above)


@pytest.fixture(scope="module")
def program() -> Program:
    return Program()


def find_received(call: Call) -> ast.expr | None:
    """Return what a call of an error's class passes as received."""
    named = [one.value for one in call.node.keywords if one.arg == "received"]
    return named[0] if named else (call.node.args[1:2] or [None])[0]


def test_what_was_received_is_never_empty(program: Program) -> None:
    emptiness = Emptiness(program)
    errors = program.find_subclasses("ViewfinderError") - {"ParameterError", "SeveralErrors"}
    calls = [call for name in errors for call in program.calls[name]]
    received = [(call, node) for call in calls if (node := find_received(call)) is not None]
    empty = sorted(
        f"{call.place.module.path}:{node.lineno}: {ast.unparse(node)}"
        for call, node in received
        if emptiness.is_possible(Value(node, call.place))
    )
    assert empty == [], "errors.reason_of never gives an empty text"
    assert len(received) > 400


def test_what_was_received_is_said(program: Program) -> None:
    vague = sorted(
        f"{message.place}: {text!r}"
        for message in Collector(program).collect()
        for text in message.parts.get("received", [])
        if text and VAGUE.fullmatch(text)
    )
    assert vague == [], "say what it was instead"


@pytest.mark.parametrize(
    ("source", "is_possible"),
    [
        ("''", True),
        ("'none'", False),
        ("str(error)", True),
        ("str(error).strip()[:300]", True),
        ("f'{error}'", True),
        ("f'{error!r}'", False),
        ("f'({error})'", False),
        ("str(error) or type(error).__name__", False),
        ("error.strerror or str(error)", True),
        ("error.strerror or 'an error'", False),
        ("'a file' if error else ''", True),
        ("text", True),
        ("text if text else 'none'", False),
        ("str(ours)", False),
    ],
)
def test_an_empty_text_is_found(source: str, is_possible: bool, program: Program) -> None:
    text = f"""
def read():
    text = ""
    try:
        pass
    except OSError as error:
        try:
            pass
        except PermanentError as ours:
            return {source}
"""
    module = Module(Path("module.py"), "module", ast.parse(text))
    (value,) = [node.value for node in ast.walk(module.tree) if isinstance(node, ast.Return)]
    assert value is not None
    place = Place(module, module.functions["read"])
    assert Emptiness(program).is_possible(Value(value, place)) == is_possible
