"""Flatten a compiled pipeline: its conditions apply to individual tasks, without layers.

KFP's SDK compiles `dsl.If` to a graph inside the graph. The Kubeflow Pipelines UI hides its
contents behind a click, and the backend prepares it in a separate pod. A task may also have a
condition itself (`trigger_policy.condition` in pipeline_spec.proto), for which the SDK has no
syntax; the backend and kfp.local both honour it. kfp.local does not repeat a loop that has a
condition itself, so a condition that contains a loop remains a graph.
"""

import copy
import re
from collections.abc import Mapping
from typing import Any

_LOOKUP = re.compile(r"inputs\.parameter_values\['([^']+)'\]")
_OUTPUT, _PARAMETER = "taskOutputParameter", "componentInputParameter"

Task = dict[str, Any]


def flatten_conditions(pipeline: dict[str, Any]) -> None:
    """Move the tasks of every condition without a loop into the pipeline's own graph, in place.

    A task's dependencies that another of its dependencies already implies are omitted: they would
    only be meaningless lines across the graph.

    Args:
        pipeline: The specification of a compiled pipeline. No task outside a condition may depend
            on what is inside it.
    """
    tasks, components = pipeline["root"]["dag"]["tasks"], pipeline["components"]
    while layers := [name for name, task in tasks.items() if _is_layer(task, components)]:
        for name in layers:
            layer = tasks.pop(name)
            inner = components.pop(layer["componentRef"]["name"])
            for inner_name, task in inner["dag"]["tasks"].items():
                tasks[inner_name] = _lift(task, layer, inner, components)
    for task in tasks.values():
        if _is_condition(task, components):
            component = components[task["componentRef"]["name"]]
            task["triggerPolicy"]["condition"] = _name_inputs(task, component, task, component)
    before = {name: set(task.get("dependentTasks", ())) for name, task in tasks.items()}
    for name, task in tasks.items():
        implied = {other for direct in before[name] for other in _ancestors(direct, before)}
        if kept := sorted(before[name] - implied):
            task["dependentTasks"] = kept


def _is_layer(task: Mapping[str, Any], components: Mapping[str, Any]) -> bool:
    """Return whether a task is a condition that can be removed."""
    if not _is_condition(task, components):
        return False
    inner = components[task["componentRef"]["name"]]["dag"]["tasks"].values()
    return not any("parameterIterator" in one or "artifactIterator" in one for one in inner)


def _is_condition(task: Mapping[str, Any], components: Mapping[str, Any]) -> bool:
    """Return whether a task is the graph of a condition."""
    is_graph = "dag" in components[task["componentRef"]["name"]]
    return is_graph and "condition" in task.get("triggerPolicy", {})


def _lift(task: Task, layer: Task, inner: Mapping[str, Any], components: dict[str, Any]) -> Task:
    """Return a layer's task as a task of the graph around the layer.

    Args:
        task: The task.
        layer: The task that represents the layer in the graph around it.
        inner: The layer's component.
        components: All components; the task's gets the inputs that the condition uses.
    """
    lifted = copy.deepcopy(task)
    inputs = lifted.setdefault("inputs", {})
    for kind, reference in (("parameters", _PARAMETER), ("artifacts", "componentInputArtifact")):
        for name, source in inputs.get(kind, {}).items():
            if reference in source:
                inputs[kind][name] = copy.deepcopy(layer["inputs"][kind][source[reference]])
    component = components[task["componentRef"]["name"]]
    condition = _name_inputs(layer, inner, lifted, component)
    own = task.get("triggerPolicy", {}).get("condition")
    lifted["triggerPolicy"] = {"condition": f"{condition} && {own}" if own else condition}
    lifted["dependentTasks"] = sorted(
        {*task.get("dependentTasks", ()), *layer.get("dependentTasks", ())}
    )
    return lifted


def _name_inputs(
    layer: Task, inner: Mapping[str, Any], task: Task, component: dict[str, Any]
) -> str:
    """Give a task the inputs that a layer's condition uses, with readable names.

    kfp.local finds the value of `task--output` and of a pipeline parameter by these names.

    Args:
        layer: The task that represents the layer.
        inner: The layer's component.
        task: The task that gets the inputs; may be the layer itself.
        component: Its component.

    Returns:
        The condition with these names.
    """
    condition: str = layer["triggerPolicy"]["condition"]
    sources, definitions = {}, {}
    for channel in _LOOKUP.findall(condition):
        source = layer["inputs"]["parameters"][channel]
        name = _readable_name(source)
        sources[name] = copy.deepcopy(source)
        definitions[name] = {
            "description": "Determines whether the step runs.",
            "isOptional": True,
            "parameterType": inner["inputDefinitions"]["parameters"][channel]["parameterType"],
        }
        condition = condition.replace(f"['{channel}']", f"['{name}']")
    for part, names, added in (
        (task, "inputs", sources),
        (component, "inputDefinitions", definitions),
    ):
        if added:
            part.setdefault(names, {}).setdefault("parameters", {}).update(added)
    return condition


def _readable_name(source: Mapping[str, Any]) -> str:
    if output := source.get(_OUTPUT):
        return f"{output['producerTask']}--{output['outputParameterKey']}"
    return str(source[_PARAMETER]).removeprefix("pipelinechannel--")


def _ancestors(task: str, before: Mapping[str, set[str]]) -> set[str]:
    """Return every task that a task depends on, directly or not."""
    return {task for direct in before[task] for task in {direct, *_ancestors(direct, before)}}
