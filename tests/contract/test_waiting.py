"""No test depends on the speed of the machine: every limit on a wait is the same generous one."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.fixtures.waiting import PATIENCE

TESTS = Path(__file__).parents[1]
OWN_LIMITS = ("benchmarks", "cluster", "docs", "kubeflow", "testbed")
"""Folders whose waits are for slower things, such as pods; they have limits of their own."""


def find_short_waits(text: str) -> Iterator[int]:
    """Lines where a call waits for a number of seconds that looks like a guess about the machine.

    Below a second, the number is what the test is about: a wait that is expected to end.
    """
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        limits = [word.value for word in node.keywords if word.arg == "timeout"]
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("wait", "join"):
            limits += node.args[:1]
        for limit in limits:
            match limit:
                case ast.Constant(value=int() | float() as seconds) if 1 <= seconds < PATIENCE:
                    yield node.lineno


def test_the_search_finds_them() -> None:
    text = 'run(timeout=30)\ndone.wait(60)\n", ".join(words)\ndone.wait(0.2)\nrun(timeout=PATIENCE)'
    assert list(find_short_waits(text)) == [1, 2]


def test_waits_have_the_common_limit() -> None:
    found = [
        f"{path.relative_to(TESTS)}:{line}"
        for path in sorted(TESTS.rglob("*.py"))
        if path.relative_to(TESTS).parts[0] not in OWN_LIMITS
        for line in find_short_waits(path.read_text())
    ]
    assert found == [], "expected timeout=PATIENCE, of tests.fixtures.waiting"
