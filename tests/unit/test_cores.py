"""A pod on a large node starts as many threads as its CPU limit allows."""

import ast
import os
from pathlib import Path

import pytest
from tests.fixtures.system_files import write_group

import viewfinder_components
import viewfinder_pipelines
import viewfinder_serving
from viewfinder_components import cores
from viewfinder_components.cores import limited_cores, node_cores, usable_cores

PACKAGES = (viewfinder_components, viewfinder_pipelines, viewfinder_serving)
COUNTS = {"sched_getaffinity", "cpu_count", "process_cpu_count"}


@pytest.mark.parametrize(
    ("quota", "count"),
    [
        *(("50000 100000", 1), ("1000 100000", 1), ("100000 100000", 1)),
        *(("max 100000", None), ("9000000 100", None), ("nonsense", None)),
    ],
)
def test_cores_of_a_container(tmp_path: Path, quota: str, count: int | None) -> None:
    write_group(tmp_path, {"cpu.max": quota})
    assert node_cores() == len(os.sched_getaffinity(0))
    assert usable_cores(tmp_path) == (count or node_cores())
    limited = count if count and count < node_cores() else None
    assert limited_cores(tmp_path) == limited


def test_a_fraction_is_rounded_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "core_numbers", lambda: list(range(64)))
    write_group(tmp_path, {"cpu.max": "150000 100000"})
    assert usable_cores(tmp_path) == 2


def test_without_cgroups(tmp_path: Path) -> None:
    assert usable_cores(tmp_path) == node_cores()
    assert limited_cores(tmp_path) is None


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
