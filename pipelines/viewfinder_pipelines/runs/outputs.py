"""Read what KFP's executor wrote about a step's outputs."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from viewfinder_components.outcome import Outcome, parse_outcome
from viewfinder_pipelines.runs.record import ArtifactRecord

METRICS_TYPE = "system.Metrics"
"""KFP's type of the artifact whose file contains a step's outcome."""
EXECUTOR_OUTPUT = "executor_output.json"
"""The file in which KFP's executor records a step's outputs if it succeeds."""


@dataclass(frozen=True)
class Outputs:
    """The outputs of a step.

    Attributes:
        artifacts: Its artifacts by name.
        parameters: Its parameters by name.
    """

    artifacts: dict[str, ArtifactRecord] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)


_TRY = "[0-9][0-9][0-9][0-9]"
_ITERATION = "*-iteration-{}"  # kfp.local's folder for an iteration of a loop
_IN_LOOP = re.compile(r"(.+)\[(\d+)\]")


def next_try(steps: Path) -> Path:
    """Return the folder for the outputs of a run's next attempt.

    Attempts are numbered, because kfp.local names its folders after the local time, which is set
    back every autumn.

    Args:
        steps: Where the run keeps its steps' outputs.
    """
    return steps / f"{len(list(steps.glob(_TRY))) + 1:04d}"


def list_task_roots(steps: Path) -> list[Path]:
    """Return the folders of every step's outputs, newest last."""
    folders = steps.glob(f"{_TRY}/*/*/")
    outside = [folder for folder in folders if not folder.match(_ITERATION.format("*"))]
    return sorted([*outside, *steps.glob(f"{_TRY}/*/{_ITERATION.format('*')}/*/")])


def _find_folders(steps: Path, step: str) -> list[Path]:
    """Return the folders of a step's outputs, newest last."""
    if match := _IN_LOOP.fullmatch(step):
        return sorted(steps.glob(f"{_TRY}/*/{_ITERATION.format(match[2])}/{match[1]}/"))
    return sorted(steps.glob(f"{_TRY}/*/{step}/"))


def find_task_root(steps: Path, step: str, finished: bool = True) -> Path | None:
    """Return the newest folder of a step's outputs, over all attempts of the run.

    Args:
        steps: Where the run keeps its steps' outputs.
        step: The step's name, with the iteration's number in a loop: `train[0]`.
        finished: Only consider folders whose step succeeded.
    """
    found = _find_folders(steps, step)
    if finished:
        found = [folder for folder in found if (folder / EXECUTOR_OUTPUT).is_file()]
    return found[-1] if found else None


@dataclass(frozen=True)
class PlannedStep:
    """A step of a compiled pipeline.

    Attributes:
        name: Its name, without an iteration's number.
        is_looped: Whether a loop repeats it.
        is_nested: Whether it is in a condition or another loop in that loop.
        types: KFP's schema titles of its artifacts by name, which a local run's executor does not
            write.
    """

    name: str
    is_looped: bool
    is_nested: bool
    types: Mapping[str, str]


def read_planned_steps(pipeline: Path) -> list[PlannedStep]:
    """Return the steps of a compiled pipeline, those in loops and inner graphs as well."""
    specification = next(iter(yaml.safe_load_all(pipeline.read_text("utf-8"))))
    return list(_walk(specification["root"], specification["components"], 0))


def _walk(
    graph: Mapping[str, Any], components: Mapping[str, Any], depth: int
) -> Iterator[PlannedStep]:
    """Yield the steps of a graph; its depth is counted from the outermost loop on."""
    for name, task in graph["dag"]["tasks"].items():
        component = components[task["componentRef"]["name"]]
        if "dag" in component:
            repeats = "parameterIterator" in task or "artifactIterator" in task
            yield from _walk(component, components, depth + 1 if depth or repeats else 0)
        else:
            yield PlannedStep(name, depth > 0, depth > 1, _output_types(component))


def _output_types(component: Mapping[str, Any]) -> dict[str, str]:
    outputs = component.get("outputDefinitions", {}).get("artifacts", {})
    return {name: output["artifactType"]["schemaTitle"] for name, output in outputs.items()}


def read_outputs(steps: Path, step: str, types: Mapping[str, str]) -> Outputs:
    """Return the outputs of a step that succeeded on this machine; nothing if it left none.

    Args:
        steps: Where the run keeps its steps' outputs.
        step: The step's name.
        types: The types of its artifacts by name.
    """
    root = find_task_root(steps, step)
    if root is None:
        return Outputs()
    outputs = parse_outputs(json.loads((root / EXECUTOR_OUTPUT).read_text()))
    artifacts = {
        name: replace(artifact, type=types.get(name, artifact.type))
        for name, artifact in outputs.artifacts.items()
    }
    return replace(outputs, artifacts=artifacts)


def read_outcome(outputs: Outputs) -> Outcome | None:
    """Return the outcome of a step that succeeded on this machine."""
    for artifact in outputs.artifacts.values():
        path = Path(artifact.uri)
        if artifact.type == METRICS_TYPE and path.is_file():
            return parse_outcome(path.read_text(encoding="utf-8"))
    return None


def parse_outputs(values: Mapping[str, Any]) -> Outputs:
    """Parse what KFP's executor writes when a step succeeds, here and in a pod."""
    artifacts = {
        name: ArtifactRecord(
            uri=entry["artifacts"][0].get("uri", ""),
            type=entry["artifacts"][0].get("type", {}).get("schemaTitle", ""),
            metadata=entry["artifacts"][0].get("metadata", {}),
        )
        for name, entry in values.get("artifacts", {}).items()
        if entry.get("artifacts")
    }
    return Outputs(artifacts, values.get("parameterValues", {}))
