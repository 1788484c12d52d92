"""Finds every call that makes a message: of the error classes, of findings, of warnings."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

from viewfinder_components.errors import ParameterError
from website.messages.names import CLOSE, OPEN, fill_fields, has_words, name_variable
from website.messages.program import Call, Program, read_callee
from website.messages.texts import Bindings, Texts
from website.messages.values import Value, Values

Kind = Literal["error", "refusal", "sentence", "photo", "finding", "warning"]
_CLASSES = "viewfinder_components.errors"
_BASE = "ViewfinderError"
_ERROR = ("expected", "received", "remedy", "status")
_PARAMETER = ("name", "rule", "value", "remedy")
_OTHERS: dict[str, tuple[Kind, tuple[str, ...]]] = {
    "PhotoError": ("photo", ("kind", "sentence")),
    "Finding": ("finding", ("name", "state", "text", "remedy")),
    "NoAnswerError": ("sentence", ("sentence",)),
    "UnansweredError": ("sentence", ("sentence",)),
    "ClickException": ("sentence", ("sentence",)),
    "warning": ("warning", ("sentence",)),
    "Criterion": ("sentence", ("name", "value", "limit", "passed", "sentence")),
    "Gate": ("error", ("title", "received", "limit", "passed", "worst", "remedy")),
    "compose_sentence": ("error", ("expected", "received", "remedy")),
    "Flaw": ("photo", ("kind", "sentence")),
    "Reason": ("photo", ("kind", "sentence")),
    "send_400_response": ("sentence", ("sentence",)),
    "abort": ("sentence", ("code", "sentence")),
}
_FRAME = re.compile(f"(Error|Details|Run|{OPEN}[^{CLOSE}]*{CLOSE} failed)(: | {OPEN})")
"""What commands print around a message of another place, or around a path."""
_PERCENT = re.compile(r"%[-.\d]*[sdgfr]")


@dataclass(frozen=True)
class Message:
    """A message that the program can print.

    Attributes:
        kind: How it reaches its reader.
        module: Dotted name of the module that makes it.
        parts: Its parts by name, such as `expected`, each with the texts that it can have.
        place: File and line.
    """

    kind: Kind
    module: str
    parts: dict[str, list[str]]
    place: str


class Collector:
    """Collects the messages of a program."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._values = Values(program)
        self._texts = Texts(self._values)
        self._errors = program.find_subclasses(_BASE) - {_BASE, "SeveralErrors", *_OTHERS}

    def collect(self) -> Iterator[Message]:
        """Yield every message, in the order of the source."""
        calls = [call for found in self._program.calls.values() for call in found]
        for call in sorted(calls, key=lambda one: (one.place.module.path, one.node.lineno)):
            if call.place.module.name != _CLASSES:
                yield from filter(_says_something, self._read(call))

    def _read(self, call: Call) -> Iterator[Message]:
        name, func = read_callee(call.node), call.node.func
        if name == "UsageError" and isinstance(func, ast.Attribute):  # click's
            yield self._build("sentence", call, _match(call.node, ("sentence",)))
        elif name == "ParameterError":
            yield self._as_parameter(call)
        elif name in self._errors or self._is_chosen(call):
            kind: Kind = "refusal" if name == "RefusedError" else "error"
            yield from self._read_cases(kind, call, _match(call.node, _ERROR))
        elif name == "say" and any(one.arg == "err" for one in call.node.keywords):
            yield self._build("sentence", call, _match(call.node, ("sentence",)))
        elif name in _OTHERS:
            kind, names = _OTHERS[name]
            yield from self._read_cases(kind, call, _match(call.node, names))

    def _is_chosen(self, call: Call) -> bool:
        """Return whether a variable is called that is a class of errors."""
        func, function = call.node.func, call.place.function
        if not isinstance(func, ast.Name) or function is None:
            return False
        values = self._values.find(func.id, call.place, call.node.lineno)
        chosen = [value.node for value in values if isinstance(value.node, ast.IfExp | ast.Name)]
        typed = [one.annotation for one in function.args.args if one.arg == func.id]
        named = {one.id for node in (*chosen, *typed) if node for one in _find_names(node)}
        return bool(named & self._errors)

    def _read_cases(self, kind: Kind, call: Call, given: dict[str, ast.expr]) -> Iterator[Message]:
        """Yield the message of a call, or one for each case if its parts come from a table."""
        if any(isinstance(one, ast.Attribute) and one.attr == "expected" for one in given.values()):
            return  # another error's, passed on
        for bound in self._bind([*given.values()], call):
            yield self._build(kind, call, given, bound)

    def _bind(self, parts: Sequence[ast.expr], call: Call) -> Iterator[Bindings]:
        """Yield what the parts are in each case, if they come from a table of tuples."""
        names = {one.id for part in parts for one in _find_names(part)}
        for node in ast.walk(call.place.function) if call.place.function else ():
            if not isinstance(node, ast.Assign) or isinstance(node.value, ast.Tuple):
                continue
            target = node.targets[0]
            if not isinstance(target, ast.Tuple):
                continue
            to = [one.id for one in target.elts if isinstance(one, ast.Name)]
            rows = list(self._values.find_tuples(Value(node.value, call.place)))
            if names & {*to} and rows:
                yield from (dict(zip(to, row, strict=False)) for row in rows)
                return
        yield {}

    def _as_parameter(self, call: Call) -> Message:
        given = _match(call.node, _PARAMETER)
        name, rule = (self._read_part(given[part], call) for part in ("name", "rule"))
        remedy = self._read_part(given["remedy"], call) if "remedy" in given else []
        parts = {
            "expected": [f"{one} to be {other}" for one in name for other in rule],
            "received": [name_variable("value")],
            "remedy": remedy or [ParameterError(one, "", "").remedy for one in name],
        }
        return self._finish("error", call, parts)

    def _build(
        self, kind: Kind, call: Call, given: dict[str, ast.expr], bound: Bindings | None = None
    ) -> Message:
        parts = {name: self._read_part(node, call, bound) for name, node in given.items()}
        if kind == "warning":
            parts["sentence"] = [*self._fill(parts["sentence"][0], call)]
        elif kind == "photo":
            parts = {name: [*map(fill_fields, texts)] for name, texts in parts.items()}
        elif "title" in parts:
            parts["expected"] = [f"{one} {two}" for one in parts["limit"] for two in parts["title"]]
        return self._finish(kind, call, parts)

    def _read_part(self, node: ast.expr, call: Call, bound: Bindings | None = None) -> list[str]:
        return self._texts.read(Value(node, call.place), bound)

    def _fill(self, form: str, call: Call) -> Iterator[str]:
        """Yield a line of the log with its values' names, or with their own words."""
        for texts in product(*(self._read_part(one, call) for one in call.node.args[1:])):
            values = iter(texts)
            yield _PERCENT.sub(lambda _, values=values: next(values), form)  # type: ignore[misc]

    @staticmethod
    def _finish(kind: Kind, call: Call, parts: dict[str, list[str]]) -> Message:
        module = call.place.module
        return Message(kind, module.name, parts, f"{module.path}:{call.node.lineno}")


def _find_names(node: ast.expr) -> Iterator[ast.Name]:
    return (one for one in ast.walk(node) if isinstance(one, ast.Name))


def _says_something(message: Message) -> bool:
    """Return whether a message has words of its own; others pass on what was said elsewhere."""
    told = [message.parts.get(name, []) for name in ("expected", "sentence", "text")]
    return any(has_words(text) and not _FRAME.match(text) for texts in told for text in texts)


def _match(node: ast.Call, names: Sequence[str]) -> dict[str, ast.expr]:
    """Return the arguments of a call by the names of its parameters."""
    given = dict(zip(names, node.args, strict=False))
    return given | {one.arg: one.value for one in node.keywords if one.arg and one.arg in names}
