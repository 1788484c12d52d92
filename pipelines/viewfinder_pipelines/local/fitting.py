"""Adapt a compiled pipeline to one machine."""

import re
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

# kfp.local reports that a step failed but not how. The shell that starts the step knows.
_TELL_EXIT_CODE = (
    "trap 'code=$?; [ $code -eq 0 ] || "
    'printf "\\n[viewfinder] the step ended with exit code %d\\n" $code\' EXIT\n'
)
_EXIT_LINE = re.compile(r"^\s*\[viewfinder\] the step ended with exit code (\d+)$")


def fit_to_one_machine(compiled: Path) -> str:
    """Return a compiled pipeline without retries, whose steps print their exit codes.

    Retries are for pods that are killed. Here a step that failed would fail again, after the same
    minutes, and the cause would be hidden. Loops run one iteration after another: each step uses
    all cores, and lines of several steps could not be told apart.

    Args:
        compiled: The file written by kfp's compiler.
    """
    documents = list(yaml.safe_load_all(compiled.read_text("utf-8")))
    for specification in documents:
        for component in (specification.get("root", {}), *_values(specification, "components")):
            for task in _values(component.get("dag", {}), "tasks"):
                task.pop("retryPolicy", None)
                if "parameterIterator" in task or "artifactIterator" in task:
                    task["iteratorPolicy"] = {"parallelismLimit": 1}
        for executor in _values(specification.get("deploymentSpec", {}), "executors"):
            _tell_exit_code(executor.get("container", {}).get("command", []))
    return str(yaml.safe_dump_all(documents))


def parse_exit_line(line: str) -> int | None:
    """Return the exit code in a line of a step's output; None for any other line."""
    match = _EXIT_LINE.match(line)
    return int(match[1]) if match else None


def _values(mapping: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return list(mapping.get(name, {}).values())


def _tell_exit_code(command: list[str]) -> None:
    """Make a step's shell print its exit code if it is not 0."""
    if command[:2] == ["sh", "-ec"]:
        command[2] = _TELL_EXIT_CODE + command[2]
