"""Commands in messages can be run as they are, however the program was called."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from viewfinder.cli.main import main
from viewfinder_components.spelling import PROGRAM, write_command

COMMAND = re.compile(rf"\bviewfinder ({'|'.join(sorted(main.commands))})\b")
# Texts that name a command without saying that the reader should run it here.
MENTIONS = {
    "pipelines/viewfinder/cli/parameters.py",  # docs/parameters.md
    "pipelines/viewfinder_pipelines/pipeline/registry.py",  # the descriptions of pipelines
    "pipelines/viewfinder_pipelines/doctor/examine.py",  # what an administrator runs elsewhere
}
SCRIPT = f"#!{sys.executable}\nfrom viewfinder.cli.main import main\nmain()\n"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The program as an installation puts it into a virtual environment."""
    path = tmp_path / "a venv" / "bin" / "viewfinder"
    path.parent.mkdir(parents=True)
    path.write_text(SCRIPT)
    path.chmod(0o755)
    return path


def list_runs(called: str, folder: Path, path: str) -> str:
    here = os.pathsep.join(one for one in sys.path if one)
    surroundings = {"PATH": path, "PYTHONPATH": here, "VIEWFINDER_HOME": str(folder / "home")}
    done = subprocess.run(
        [called, "show"], cwd=folder, env=surroundings, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.parametrize("path", ["/usr/bin:/bin", "/usr/bin:/bin:elsewhere"])
def test_a_program_that_no_shell_finds(program: Path, tmp_path: Path, path: str) -> None:
    relative = "./" + str(program.relative_to(tmp_path))
    told = (
        f"No runs yet in {tmp_path}/home/runs; start one with `'{relative}' run --data PHOTOS`.\n"
    )
    assert list_runs(relative, tmp_path, path) == told


def test_a_program_that_a_shell_finds(program: Path, tmp_path: Path) -> None:
    told = f"No runs yet in {tmp_path}/home/runs; start one with `viewfinder run --data PHOTOS`.\n"
    assert list_runs("viewfinder", tmp_path, f"{program.parent}:/bin") == told


def test_another_program_of_the_same_name_is_found_first(program: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "viewfinder"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\nexit 1\n")
    other.chmod(0o755)
    told = f"No runs yet in {tmp_path}/home/runs; start one with `'{program}' run --data PHOTOS`.\n"
    assert list_runs(str(program), tmp_path, f"{other.parent}:/bin") == told


def test_a_step_says_what_the_command_that_started_it_was_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert write_command("show", "a b") == "viewfinder show 'a b'"
    monkeypatch.setenv(PROGRAM, ".venv/bin/viewfinder")
    assert write_command("show", "RUN") == ".venv/bin/viewfinder show RUN"


def test_every_command_is_written_with_the_program_as_it_was_called() -> None:
    assert {text for path in SOURCES for text in written(path) if COMMAND.search(text)} == set()
    templates = [*Path("components").rglob("*.html")]
    assert [path for path in templates if COMMAND.search(path.read_text("utf-8"))] == []
    assert [name for name, one in main.commands.items() if COMMAND.search(one.help or "")] == []
    assert len(SOURCES) > 100
    assert len(templates) > 3


SOURCES = [
    path
    for folder in ("components", "pipelines")
    for path in Path(folder).rglob("*.py")
    if str(path) not in MENTIONS
]


def written(path: Path) -> Iterator[str]:
    """Yield the texts of a module that are not docstrings."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and id(node) not in docstrings:
            yield str(node.value)  # type: ignore[attr-defined]
