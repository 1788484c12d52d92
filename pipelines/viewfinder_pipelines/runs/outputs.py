"""Read what KFP's executor wrote about a step's outputs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from viewfinder_components.outcome import Outcome, parse_outcome
from viewfinder_pipelines.runs.record import ArtifactRecord

METRICS_TYPE = "system.Metrics"
"""KFP's type of the artifact in whose file each step leaves its outcome."""
EXECUTOR_OUTPUT = "executor_output.json"
"""The file in which KFP's executor tells what a step put out, when it ends well."""


@dataclass(frozen=True)
class Outputs:
    """What a step put out.

    Attributes:
        artifacts: Its artifacts by name.
        parameters: Its parameters by name.
    """

    artifacts: dict[str, ArtifactRecord] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)


_TRY = "[0-9][0-9][0-9][0-9]"


def next_try(steps: Path) -> Path:
    """Return the folder for the outputs of the next try of a run.

    Tries are numbered, because kfp.local names its folders by the local time, which is set back
    every autumn.

    Args:
        steps: Where the run keeps its steps' outputs.
    """
    return steps / f"{len(list(steps.glob(_TRY))) + 1:04d}"


def list_task_roots(steps: Path, step: str = "*") -> list[Path]:
    """Return the folders of a step's outputs, or of every step's, the newest last."""
    return sorted(steps.glob(f"{_TRY}/*/{step}/"))


def find_task_root(steps: Path, step: str, finished: bool = True) -> Path | None:
    """Return the newest folder of a step's outputs, over every try of the run.

    Args:
        steps: Where the run keeps its steps' outputs.
        step: The step's name.
        finished: Only a folder whose step ended well.
    """
    found = list_task_roots(steps, step)
    if finished:
        found = [folder for folder in found if (folder / EXECUTOR_OUTPUT).is_file()]
    return found[-1] if found else None


def read_output_types(pipeline: Path) -> dict[str, dict[str, str]]:
    """Return the types of each step's artifacts, which a local run's executor does not write.

    Args:
        pipeline: The compiled pipeline, with all steps in its outermost graph.

    Returns:
        KFP's schema titles by step and artifact.
    """
    specification = next(iter(yaml.safe_load_all(pipeline.read_text("utf-8"))))
    components = specification["components"]
    return {
        step: _output_types(components[task["componentRef"]["name"]])
        for step, task in specification["root"]["dag"]["tasks"].items()
    }


def _output_types(component: Mapping[str, Any]) -> dict[str, str]:
    outputs = component.get("outputDefinitions", {}).get("artifacts", {})
    return {name: output["artifactType"]["schemaTitle"] for name, output in outputs.items()}


def read_outputs(steps: Path, step: str, types: Mapping[str, str]) -> Outputs:
    """Return the outputs of a step that ended well on this machine; nothing where it left none.

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
    """Return what a step that ended well on this machine told about itself."""
    for artifact in outputs.artifacts.values():
        path = Path(artifact.uri)
        if artifact.type == METRICS_TYPE and path.is_file():
            return parse_outcome(path.read_text(encoding="utf-8"))
    return None


def parse_outputs(values: Mapping[str, Any]) -> Outputs:
    """Understand what KFP's executor writes when a step ends well, here and in a pod."""
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
