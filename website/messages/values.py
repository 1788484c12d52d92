"""What a name can stand for: local assignments, arguments of every call, constants."""

import ast
from collections.abc import Iterator
from typing import NamedTuple, TypeGuard

from website.messages.program import Function, Module, Place, Program, read_callee

_Assignment = ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr | ast.For


class Value(NamedTuple):
    """An expression, and where it stands."""

    node: ast.expr
    place: Place


class Values:
    """Finds the values of names in a program."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def find(self, name: str, place: Place, line: int) -> Iterator[Value]:
        """Yield what a name can stand for in a line; nothing if that is not known."""
        local = _find_assignments(name, place, line)
        if local:
            yield from (Value(node, place) for node in local)
        elif place.function and (at := _find_parameter(name, place.function)) is not None:
            yield from self._find_arguments(name, at, place.function, place.module)
        elif found := self._find_defined(name, place.module):
            module, there = found
            if there in module.constants:
                yield Value(module.constants[there], Place(module, None))

    def find_returned(self, name: str, place: Place) -> list[Value]:
        """Return what a function of the program returns, by its name at a place."""
        found = self._find_defined(name, place.module)
        if found is None or found[1] not in found[0].functions:
            return []
        module, function = found[0], found[0].functions[found[1]]
        return [Value(one, Place(module, function)) for one in _find_results(function)]

    def find_tuples(self, value: Value, depth: int = 0) -> Iterator[tuple[Value, ...]]:
        """Yield every tuple that an expression can be: its own, a table's, a function's."""
        node, place = value
        following: list[Value] = []
        match node:
            case ast.Tuple():
                yield tuple(Value(one, place) for one in node.elts)
            case ast.Dict():
                following = [Value(one, place) for one in node.values]
            case ast.Name():
                following = list(self.find(node.id, place, node.lineno))
            case ast.Subscript():
                following = [Value(node.value, place)]
            case ast.Call(func=ast.Attribute(value=table, attr="get"), args=[_, default]):
                following = [Value(table, place), Value(default, place)]
            case ast.Call():
                following = self.find_returned(read_callee(node), place)
        for one in following if depth < 5 else ():
            yield from self.find_tuples(one, depth + 1)

    def _find_arguments(
        self, name: str, at: int, function: Function, module: Module
    ) -> Iterator[Value]:
        for call in self._program.find_callers(function, module):
            named = {keyword.arg: keyword.value for keyword in call.node.keywords}
            if name in named:
                yield Value(named[name], call.place)
            elif at < len(call.node.args):
                yield Value(call.node.args[at], call.place)
            elif default := _find_default(name, function):
                yield Value(default, Place(module, None))

    def _find_defined(self, name: str, module: Module) -> tuple[Module, str] | None:
        """Return the module that defines a name, and the name there."""
        if name in module.constants or name in module.functions:
            return module, name
        source, there = module.imports.get(name, ("", ""))
        found = self._program.modules.get(source)
        return (found, there) if found else None


def _find_default(name: str, function: Function) -> ast.expr | None:
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    late = positional[len(positional) - len(given.defaults) :]
    pairs = [*zip(late, given.defaults, strict=True)]
    pairs += [(one, of) for one, of in zip(given.kwonlyargs, given.kw_defaults, strict=True) if of]
    return next((default for one, default in pairs if one.arg == name), None)


def _find_results(function: Function) -> list[ast.expr]:
    """Return what a function returns or yields; for a list that it builds, what it appends."""
    returned: list[ast.expr] = []
    appended: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        match node:
            case ast.Return(value=ast.expr() as value) | ast.Yield(value=ast.expr() as value):
                returned.append(value)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[value]):
                appended.setdefault(name, []).append(value)
    built = [
        appended.get(one.id, [one]) if isinstance(one, ast.Name) else [one] for one in returned
    ]
    return [one for values in built for one in values]


def _find_assignments(name: str, place: Place, line: int) -> list[ast.expr]:
    """Return what may have been assigned to a name last before a line of a function."""
    found: list[ast.expr] = []
    statements = ast.walk(place.function) if place.function else ()
    for node in sorted(filter(_is_assignment, statements), key=lambda one: one.lineno):
        values = [] if node.lineno >= line else list(_read_assignment(name, node))
        if not values:
            continue
        if isinstance(node, ast.AugAssign):
            values = [ast.BinOp(one, ast.Add(), values[0]) for one in found]
        is_certain = place.module.surrounds(node, line)
        found = values if is_certain else [*found, *values]
    return found


def _is_assignment(node: ast.AST) -> TypeGuard[_Assignment]:
    return isinstance(node, _Assignment)


def _read_assignment(name: str, node: _Assignment) -> Iterator[ast.expr]:
    if isinstance(node, ast.For):
        if isinstance(node.target, ast.Name):
            yield from _assign(name, node.target, node.iter)
    elif node.value is not None:
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            yield from _assign(name, target, node.value)


def _assign(name: str, target: ast.expr, value: ast.expr) -> Iterator[ast.expr]:
    """Yield what an assignment gives to a name, also as one of several in a tuple."""
    if isinstance(target, ast.Name) and target.id == name:
        yield value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, part in zip(target.elts, value.elts, strict=True):
            yield from _assign(name, one, part)


def _find_parameter(name: str, function: Function) -> int | None:
    """Return the position of a parameter that is a text, without `self`; None if there is none."""
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    for at, one in enumerate(every):
        if one.arg == name and one.annotation and "str" in ast.unparse(one.annotation):
            return at - (every[0].arg in {"self", "cls"})
    return None
