"""Read the Argo workflow in which Kubeflow Pipelines runs a pipeline.

KFP's own list of tasks has neither the names of pods nor the causes of failures. The workflow has
both, and KFP's API returns it as the run's runtime manifest.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from viewfinder_pipelines.kubeflow.workflow_step import Pod, WorkflowStep
from viewfinder_pipelines.runs.outputs import parse_outputs
from viewfinder_pipelines.runs.record import ArtifactRecord, StepState

_DRIVER = "system-container-driver"  # the template of the pods that prepare a step
LOG_ARTIFACT = "main-logs"
"""Argo's name for the log that it has kept of a pod."""
_CONDITION = "condition"  # the driver's output: whether the step's condition is met
_POD_PATCH = "pod-spec-patch"  # the driver's output: the command of the step's pod
_STATES: dict[str, StepState] = {
    "Pending": "running",
    "Running": "running",
    "Succeeded": "succeeded",
    "Failed": "failed",
    "Error": "failed",
}
_TRY = re.compile(r"\(\d+\)")
_ITEM = re.compile(r"\((\d+):[^()]*\)")  # of the nodes below an item of a loop
_NEVER = datetime.max.replace(tzinfo=UTC)
_LONGEST_PREFIX = 253 - 11  # of a pod's name: what Argo leaves for its hash

Node = Mapping[str, Any]


@dataclass(frozen=True)
class Driver:
    """The input and output of KFP's pod that prepares a step.

    Attributes:
        step: The step's name, with the iteration's number in a loop.
        iteration: That number in brackets, one for each loop around the step; empty outside.
        task: The step's task in the pipeline's specification.
        component: The step's component there.
        inputs: What the step's pod takes; empty if it has none.
    """

    step: str
    iteration: str
    task: Mapping[str, Any]
    component: Mapping[str, Any]
    inputs: Mapping[str, Any]


def read_drivers(workflow: Mapping[str, Any]) -> dict[str, Driver]:
    """Return the drivers of the steps that have begun, by the step's name.

    Args:
        workflow: The run's runtime manifest.
    """
    drivers = [_read_driver(node) for node in _nodes(workflow) if _is_driver(node)]
    return {driver.step: driver for driver in drivers}


def read_steps(workflow: Mapping[str, Any]) -> list[WorkflowStep]:
    """Return the steps that have begun, in the order in which they began.

    Args:
        workflow: The run's runtime manifest.
    """
    nodes = _nodes(workflow)
    paths = {_path(node).removesuffix("-driver") for node in nodes if _is_driver(node)}
    steps = [_read_step(workflow, nodes, path) for path in paths]
    return sorted(steps, key=lambda step: (step.began or _NEVER, step.ended or _NEVER))


def read_deadline(workflow: Mapping[str, Any]) -> int:
    """Return how many seconds the run may take; 0 if it has no limit, or was terminated.

    Args:
        workflow: The run's runtime manifest.
    """
    return int(workflow.get("spec", {}).get("activeDeadlineSeconds") or 0)


def read_pipeline_name(workflow: Mapping[str, Any]) -> str:
    """Return the name of the pipeline in its specification, which the drivers are given.

    The workflow's own name begins with it, except that of a scheduled run.

    Args:
        workflow: The run's runtime manifest.
    """
    for template in workflow.get("spec", {}).get("templates", []):
        arguments = (template.get("container") or {}).get("args") or []
        for option, value in pairwise(arguments):
            if option == "--pipeline_name":
                return str(value)
    return str(workflow.get("metadata", {}).get("name", "")).rpartition("-")[0]


def _nodes(workflow: Mapping[str, Any]) -> list[Node]:
    return list(workflow.get("status", {}).get("nodes", {}).values())


def _is_driver(node: Node) -> bool:
    return bool(node["type"] == "Pod" and node.get("templateName") == _DRIVER)


def _read_driver(node: Node) -> Driver:
    given = {
        parameter["name"]: parameter.get("value", "")
        for parameter in node.get("inputs", {}).get("parameters", [])
    }
    container = _read_container(_driver_outputs([node]).get(_POD_PATCH))
    path = _path(node).removesuffix("-driver")
    return Driver(
        step=_step_name(path),
        iteration=_iteration(path),
        task=_read_object(given.get("task")),
        component=_read_object(given.get("component")),
        inputs=_executor_input(container).get("inputs", {}),
    )


def _read_object(text: str | None) -> Mapping[str, Any]:
    """Return a JSON object; an empty one if another version of KFP writes something else."""
    try:
        values = json.loads(text or "")
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _read_step(workflow: Mapping[str, Any], nodes: Sequence[Node], path: str) -> WorkflowStep:
    """Assemble a step from all the nodes that Argo created for it."""
    drivers = _read_pods(workflow, nodes, f"{path}-driver")
    pods = _read_pods(workflow, nodes, f"{path}.executor")
    # A node that is retried is the parent of its attempts, whose names end in a number.
    own = min((node for node in nodes if _path(node) == path), key=_name_length, default=None)
    phase = own["phase"] if own else "Running"
    state = _STATES.get(phase, "running")
    # If a driver fails, Argo creates nothing after it, and omits the rest when the run ends.
    if (own is None or phase == "Omitted") and drivers[-1].state == "failed":
        state = "failed"
    elif state == "succeeded" and not pods:
        state = "cached"
    told = _driver_outputs([node for node in nodes if _path(node) == f"{path}-driver"])
    container = _read_container(told.get(_POD_PATCH))
    return WorkflowStep(
        name=_step_name(path),
        state=state,
        driver=drivers[-1],
        pods=pods,
        artifacts=_planned_artifacts(container),
        image=str(container.get("image", "")),
        is_skipped=told.get(_CONDITION) == "false",
    )


def _driver_outputs(drivers: Sequence[Node]) -> dict[str, str]:
    """Return the outputs of a step's driver, by name, from its last attempt that had any."""
    return {
        parameter["name"]: parameter["value"]
        for node in drivers
        for parameter in node.get("outputs", {}).get("parameters", [])
        if parameter.get("value")
    }


def _read_container(patch: str | None) -> Mapping[str, Any]:
    """Return the container of a step's pod, as set by its driver."""
    try:
        container = json.loads(patch or "")["containers"][0]
        return container if isinstance(container, dict) else {}
    except (ValueError, RecursionError, LookupError, TypeError):
        return {}  # still running, or the step comes from the cache, or another version of KFP


def _planned_artifacts(container: Mapping[str, Any]) -> dict[str, ArtifactRecord]:
    """Return where a step's artifacts go; its driver writes that into the pod's command."""
    try:
        return parse_outputs(_executor_input(container)["outputs"]).artifacts
    except (LookupError, TypeError, AttributeError):
        return {}  # a driver of another version writes it differently


def _executor_input(container: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the driver passes to the step's pod: its inputs, and where its outputs go."""
    try:
        command = container["command"]
        return _read_object(command[command.index("--executor_input") + 1])
    except (ValueError, LookupError, TypeError, AttributeError):
        return {}


def _read_pods(workflow: Mapping[str, Any], nodes: Sequence[Node], path: str) -> tuple[Pod, ...]:
    """Return the pods of a path, newest last."""
    pods = [
        _read_pod(workflow, node) for node in nodes if node["type"] == "Pod" and _path(node) == path
    ]
    return tuple(sorted(pods, key=lambda pod: pod.began or _NEVER))


def _name_length(node: Node) -> int:
    return len(node["name"])


def _path(node: Node) -> str:
    """Return a node's place in the pipeline: its name without the numbers of its attempts."""
    return _TRY.sub("", node["name"])


def _step_name(path: str) -> str:
    """Return a step's name, as a run on this machine has it in its record."""
    return path.rpartition(".")[2] + _iteration(path)


def _iteration(path: str) -> str:
    """Return the numbers of the iterations that a path leads through, each in brackets."""
    return "".join(f"[{number}]" for number in _ITEM.findall(path))


def _read_pod(workflow: Mapping[str, Any], node: Node) -> Pod:
    return Pod(
        name=_pod_name(workflow["metadata"]["name"], node),
        state=_STATES.get(node.get("phase", "Pending"), "running"),
        began=_time(node.get("startedAt")),
        ended=_time(node.get("finishedAt")),
        message=node.get("message", ""),
        waits=node.get("phase", "Pending") == "Pending",
        has_log=any(a.get("name") == LOG_ARTIFACT for a in _artifacts(node)),
    )


def _artifacts(node: Node) -> Sequence[Mapping[str, Any]]:
    """Return what Argo has kept for a pod."""
    return node.get("outputs", {}).get("artifacts") or ()


def _pod_name(workflow: str, node: Node) -> str:
    """Return Argo's name for a node's pod: workflow, template and the hash in the node's ID."""
    prefix = f"{workflow}-{node['templateName']}"[:_LONGEST_PREFIX]
    return f"{prefix}-{node['id'].rpartition('-')[2]}"


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
