"""The program as syntax trees: its modules, what they define, and who calls what."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
_ROOTS = ("components", "pipelines")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(eq=False)
class Module:
    """A module of the program.

    Attributes:
        path: Its file, relative to the repository.
        name: Its dotted name.
        constants: The values assigned at its top level, by name.
        functions: Its functions and methods, by name.
        imports: What it imports by name: the module and the name there.
        parents: The node around each node.
    """

    path: Path
    name: str
    tree: ast.Module
    constants: dict[str, ast.expr] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    parents: dict[ast.AST, ast.AST] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for statement in self.tree.body:
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                self.constants[statement.targets[0].id] = statement.value
            elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
                self.constants[ast.unparse(statement.target)] = statement.value
        for node in ast.walk(self.tree):
            self.parents.update(dict.fromkeys(ast.iter_child_nodes(node), node))
            if isinstance(node, Function):
                self.functions[node.name] = node
            elif isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    self.imports[alias.asname or alias.name] = (node.module, alias.name)

    def surrounds(self, node: ast.AST, line: int) -> bool:
        """Return whether the block that a statement stands in goes on to a later line."""
        if isinstance(node, ast.For):
            return bool(node.end_lineno and node.end_lineno >= line)
        block = self.parents[node]
        while isinstance(block, ast.expr):  # an assignment within an expression
            block = self.parents[block]
        for field_name in ("body", "orelse", "finalbody"):
            statements = getattr(block, field_name, [])
            if isinstance(statements, list) and node in statements:
                end = statements[-1].end_lineno
                return end is not None and end >= line
        return False


class Place(NamedTuple):
    """Where an expression stands: its module, and the function around it, if there is one."""

    module: Module
    function: Function | None


class Call(NamedTuple):
    """A call and its place."""

    node: ast.Call
    place: Place


def read_callee(node: ast.Call) -> str:
    """Return the last name of what is called; empty if it has none."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


class Program:
    """Every module of the program below a folder that contains `components` and `pipelines`."""

    def __init__(self, root: Path = ROOT) -> None:
        self.modules: dict[str, Module] = {}
        for path in sorted(one for folder in _ROOTS for one in (root / folder).rglob("*.py")):
            relative = path.relative_to(root)
            name = ".".join(relative.with_suffix("").parts[1:]).removesuffix(".__init__")
            tree = ast.parse(path.read_text("utf-8"), str(relative))
            self.modules[name] = Module(relative, name, tree)

    @cached_property
    def calls(self) -> dict[str, list[Call]]:
        """Every call, by the last name of what is called."""
        found: dict[str, list[Call]] = defaultdict(list)
        for module in self.modules.values():
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Call):
                    found[read_callee(node)].append(Call(node, locate(node, module)))
        return found

    def find_callers(self, function: Function, module: Module) -> Iterator[Call]:
        """Yield the calls of a function, as far as they name it."""
        for call in self.calls[function.name]:
            source = call.place.module.imports.get(function.name, ("", ""))[0]
            if call.place.module is module or source == module.name:
                yield call

    def find_subclasses(self, base: str) -> set[str]:
        """Return the names of the classes that are derived from one, and that one's own."""
        found, before = {base}, 0
        classes = [
            node
            for module in self.modules.values()
            for node in ast.walk(module.tree)
            if isinstance(node, ast.ClassDef)
        ]
        while len(found) > before:
            before = len(found)
            found |= {one.name for one in classes if found & {*map(ast.unparse, one.bases)}}
        return found


def locate(node: ast.AST, module: Module) -> Place:
    """Return the place of a node of a module."""
    above: ast.AST | None = module.parents.get(node)
    while above is not None and not isinstance(above, Function):
        above = module.parents.get(above)
    return Place(module, above)
