"""What GitHub's workflows run is what runs on any machine; `make check-workflows` does the rest."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
# Targets whose tests the others run.
INCLUDED = {"test", "test-fast", "test-programs", "test-cluster-up", "test-python-3.12",
            "test-python-3.13", "test-numerics-avx2", "test-numerics-plain"}  # fmt: skip


def read(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text("utf-8"))


def targets() -> set[str]:
    lines = re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    return {name for line in lines for name in line.split()}


def commands() -> Iterator[tuple[str, str]]:
    """Yield each command with its workflow; a variable of the matrix, once for each value."""
    for path in WORKFLOWS:
        for job in read(path)["jobs"].values():
            values = job.get("strategy", {}).get("matrix", {}).get("target", [""])
            for step in job.get("steps", []):
                for value in values if "run" in step else []:
                    yield path.name, step["run"].replace('"$TARGET"', value)


def test_there_are_workflows() -> None:
    assert {path.name for path in WORKFLOWS} >= {"checks.yml", "release.yml"}


@pytest.mark.parametrize(("workflow", "command"), sorted(set(commands())))
def test_a_step_runs_a_make_target(workflow: str, command: str) -> None:
    found = re.fullmatch(r"(?:sudo env (?:\S+=\S+ )+)?make ([a-z-]+)((?: [A-Z]+=\S+)*)", command)
    assert found, f"expected a make target in {workflow}, received {command!r}"
    assert found[1] in targets()


def test_the_checks_run_every_test() -> None:
    run = {
        command.partition("make ")[2].split()[0] for _, command in commands() if "make" in command
    }
    assert {name for name in targets() if name.startswith("test")} - INCLUDED <= run
    assert {"check", "check-workflows"} <= run


def test_every_supported_python_runs_them() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    supported = re.findall(r"Python :: (3\.\d+)", text)
    assert read(ROOT / ".github/workflows/checks.yml")["jobs"]["test"]["strategy"]["matrix"][
        "python"
    ] == supported  # fmt: skip


def test_an_action_is_the_same_commit_everywhere() -> None:
    pinned: dict[str, set[str]] = {}
    for path in WORKFLOWS:
        for line in re.findall(r"uses: (.+)", path.read_text("utf-8")):
            if line.startswith("./"):
                continue
            found = re.fullmatch(r"([\w/-]+)@([0-9a-f]{40} # v\d+\.\d+\.\d+)", line)
            assert found, f"expected a commit and its version in {path.name}, received {line!r}"
            pinned.setdefault(found[1], set()).add(found[2])
    assert {name for name, versions in pinned.items() if len(versions) > 1} == set()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_job_has_a_limit_and_only_the_permissions_that_it_names(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        assert "permissions" in job, name
        assert "timeout-minutes" in job or "uses" in job, name
