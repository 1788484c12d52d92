"""A pod on a large node starts as many threads as its CPU limit allows."""

import ast
import os
from pathlib import Path

import pytest

import viewfinder_components
import viewfinder_pipelines
import viewfinder_serving
from viewfinder_components.cores import limited_cores, node_cores, usable_cores

PACKAGES = (viewfinder_components, viewfinder_pipelines, viewfinder_serving)
COUNTS = {"sched_getaffinity", "cpu_count", "process_cpu_count"}


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("50000 100000", 1), ("max 100000", None), ("9000000 100", None), ("nonsense", None)],
)
def test_cores_of_a_container(tmp_path: Path, quota: str, cores: int | None) -> None:
    (tmp_path / "cpu.max").write_text(quota)
    assert node_cores() == len(os.sched_getaffinity(0))
    assert usable_cores(tmp_path / "cpu.max") == (cores or node_cores())
    limited = cores if cores and cores < node_cores() else None
    assert limited_cores(tmp_path / "cpu.max") == limited


def test_without_cgroups(tmp_path: Path) -> None:
    assert usable_cores(tmp_path / "cpu.max") == node_cores()
    assert limited_cores(tmp_path / "cpu.max") is None


def test_cores_are_counted_in_one_place() -> None:
    counting = {
        path.relative_to(Path(str(package.__file__)).parents[1]).as_posix()
        for package in PACKAGES
        for path in Path(str(package.__file__)).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if counts_cores(node)
    }
    assert counting == {"viewfinder_components/cores.py"}


def counts_cores(node: ast.AST) -> bool:
    """Whether code names a function that counts cores: `os.cpu_count`, or imported from os."""
    if isinstance(node, ast.ImportFrom):
        return any(alias.name in COUNTS for alias in node.names)
    return isinstance(node, ast.Attribute) and node.attr in COUNTS


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("os.cpu_count()", True),
        ("from os import cpu_count as count", True),
        ("from multiprocessing import cpu_count", True),
        ("from os import getpid", False),
    ],
)
def test_every_way_to_count_cores_is_found(code: str, found: bool) -> None:
    assert any(map(counts_cores, ast.walk(ast.parse(code)))) is found
