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
# Steps that only prepare the machine: they have nothing of ours to run.
PREPARATIONS = {
    "sudo rm -rf /usr/local/lib/android /usr/share/dotnet",
    "sudo apt-get update -qq && sudo apt-get install -y -qq prometheus prometheus-alertmanager",
}
# Targets whose tests the others run; the matrix of versions is `test-pythons`.
INCLUDED = {"test", "test-fast", "test-programs", "test-cluster-up", "test-pythons",
            "test-python-3.12", "test-python-3.13", "test-numerics-avx2", "test-numerics-plain",
            "setup", "cluster-down"}  # fmt: skip
# Which job may do more than read the code, and why it must.
PERMISSIONS = {
    ("release.yml", "images"): {"packages"},  # pushes them to ghcr.io
    ("release.yml", "pypi"): {"id-token"},  # proves to PyPI which workflow publishes
    ("release.yml", "github"): {"contents", "id-token", "attestations"},  # creates the release
    ("release.yml", "documentation"): {"pages", "id-token"},  # calls the next
    ("docs.yml", "deploy"): {"pages", "id-token"},
}


def read(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text("utf-8"))


def targets() -> set[str]:
    lines = re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    return {name for line in lines for name in line.split()}


def commands() -> Iterator[tuple[str, str]]:
    """Yield each command with its workflow; a variable of the matrix, once for each value."""
    for path in WORKFLOWS:
        for job in read(path)["jobs"].values():
            matrix = job.get("strategy", {}).get("matrix", {})
            values = matrix.get("target", [""])
            values = [*values, *(one["target"] for one in matrix.get("include", []))]
            for step in job.get("steps", []):
                for value in values if "run" in step else []:
                    yield path.name, step["run"].replace('"$TARGET"', value)


def test_there_are_workflows() -> None:
    assert {path.name for path in WORKFLOWS} >= {"checks.yml", "release.yml"}


@pytest.mark.parametrize(("workflow", "command"), sorted(set(commands())))
def test_a_step_runs_a_make_target(workflow: str, command: str) -> None:
    if command in PREPARATIONS:
        return
    found = re.fullmatch(r"(?:sudo env (?:\S+=\S+ )+)?make ([a-z-]+)((?: [A-Z]+=\S+)*)", command)
    assert found, f"expected a make target in {workflow}, received {command!r}"
    assert found[1] in targets()


def run_by_checks() -> set[str]:
    """Return the targets that checks.yml runs."""
    return {
        command.partition("make ")[2].split()[0]
        for workflow, command in commands()
        if workflow == "checks.yml" and "make " in command
    }


def test_the_checks_run_every_test() -> None:
    assert {name for name in targets() if name.startswith("test")} - INCLUDED <= run_by_checks()


def test_the_checks_run_what_the_script_for_a_clone_runs() -> None:
    """`.ci/run` is for a machine without GitHub."""
    text = (ROOT / ".ci/run").read_text("utf-8")
    lines = re.findall(r"^(?!#|  ).*\bmake(?:_beside)? ([a-z][a-z0-9. -]*)", text, re.MULTILINE)
    script = {name for line in lines for name in line.split()}
    tests = {"test-unit", "test-tensorflow", "test-integration", "test-slow", "test-cluster"}
    assert {"check", "test-pythons", *tests} <= script
    assert script - INCLUDED <= run_by_checks()


def test_one_of_the_other_pythons_measures_coverage() -> None:
    """`.ci/run` relies on it: it does not run `coverage`."""
    assert "coverage" in run_by_checks()
    measured = re.findall(r"^test-python-([\d.]+): COVERAGE := 1$", MAKEFILE, re.M)
    assert measured == ["3.12"]
    script = (ROOT / "tests/other_python.sh").read_text("utf-8")
    assert re.search(r'run -m "\$\{pytest\[@\]:2\}" .*"\$\{tests\[@\]\}"', script)
    assert '"${coverage[@]}" report\n' in script


def test_the_other_pythons_run_the_numerical_tests_as_on_other_processors() -> None:
    """`.ci/run` relies on it: it does not run `test-numerics`."""
    processors = set(re.findall(r"^\t(\w+=\w+) \$\(BIN\)/pytest .*NUMERIC_TESTS", MAKEFILE, re.M))
    assert (
        processors == set(re.findall(r"^test-python-.*PROCESSOR := (.*)", MAKEFILE, re.M)) != set()
    )
    numerical = re.search(r"^NUMERIC_TESTS := ((?:.*\\\n)*.*)", MAKEFILE, re.M)
    script = (ROOT / "tests/other_python.sh").read_text("utf-8")
    folders = re.findall(r"^(?:tests|later)=\((.*)\)$", script, re.M)
    assert numerical
    assert len(folders) == 2
    assert all(
        path.startswith(tuple(" ".join(folders).split()))
        for path in numerical[1].replace("\\", "").split()
    )


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
def test_a_job_has_a_limit_and_only_the_permissions_that_it_needs(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        granted = {(right, level) for right, level in job["permissions"].items()}
        written = PERMISSIONS.get((path.name, name), set())
        allowed = {(right, "write") for right in written}
        assert granted - {("contents", "read")} == allowed, name
        assert "timeout-minutes" in job or "uses" in job, name


def test_a_release_uses_no_cache_that_another_run_wrote() -> None:
    """Actions that restore a cache by default, with the input that turns it off."""
    inputs = {"setup-go": "cache", "setup-qemu-action": "cache-image",
              "setup-buildx-action": "cache-binary"}  # fmt: skip
    for path in WORKFLOWS:
        for job in read(path)["jobs"].values():
            for step in job.get("steps", []):
                action = step.get("uses", "").partition("@")[0].rpartition("/")[2]
                if action in inputs:
                    assert step["with"][inputs[action]] is False, (path.name, step["name"])


def test_what_can_push_images_runs_no_code_of_other_projects() -> None:
    """Neither our requirements nor their build scripts see the registry's token."""
    steps = read(ROOT / ".github/workflows/release.yml")["jobs"]["images"]["steps"]
    assert [step["run"] for step in steps if "run" in step and "make" in step["run"]] == [
        'make release-images VERSION="${TAG#v}"'
    ]
    last = [step.get("uses", "").partition("@")[0] for step in steps]
    assert "run" in steps[last.index("docker/login-action") + 1]
