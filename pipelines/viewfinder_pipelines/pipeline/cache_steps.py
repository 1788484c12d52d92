"""Leave the steps that serve Kubeflow's cache out of a pipeline that runs without it."""

from collections.abc import Iterator, Mapping
from typing import Any

from viewfinder_components.steps import STEPS
from viewfinder_pipelines.pipeline.components import load_components

_OUTPUTS = ("taskOutputParameter", "taskOutputArtifact")

Task = dict[str, Any]


def omit_cache_steps(specification: dict[str, Any]) -> None:
    """Remove the steps whose outputs only tell the cache what has changed, in place.

    The parameters that take these outputs have their defaults instead. A step stays if an output
    is used otherwise, or if its graph would be empty without it.

    Args:
        specification: A compiled pipeline.
    """
    components = specification["components"]
    executors = specification["deploymentSpec"]["executors"]
    for_cache = _find_components(components, executors)
    graphs = [specification["root"], *components.values()]
    for graph in [one["dag"] for one in graphs if "dag" in one]:
        tasks = graph["tasks"]
        for name in [name for name in tasks if tasks[name]["componentRef"]["name"] in for_cache]:
            if len(tasks) > 1 and _is_dispensable(name, graph, components):
                _remove(name, tasks)
    used = {task["componentRef"]["name"] for one in graphs for task in _tasks(one).values()}
    for name in components.keys() - used:
        executors.pop(components.pop(name)["executorLabel"])


def _find_components(components: Mapping[str, Any], executors: Mapping[str, Any]) -> set[str]:
    """Return the names of the components that are steps for the cache.

    By what they run: a user's own component may have the name of one of our steps.
    """
    steps = [component for name, component in load_components().items() if STEPS[name].for_cache]
    commands = [step.component_spec.implementation.container.command for step in steps]
    return {
        name
        for name, component in components.items()
        if executors.get(component.get("executorLabel"), {}).get("container", {}).get("command")
        in commands
    }


def _is_dispensable(name: str, graph: Mapping[str, Any], components: Mapping[str, Any]) -> bool:
    """Return whether everything that takes an output of a task has a default for it."""
    for task, kind, parameter in _find_uses(name, graph["tasks"]):
        inputs = components[task["componentRef"]["name"]]["inputDefinitions"][kind]
        if "defaultValue" not in inputs[parameter]:
            return False
    return name not in _find_producers(graph.get("outputs"))


def _remove(name: str, tasks: dict[str, Task]) -> None:
    for task, kind, parameter in list(_find_uses(name, tasks)):
        del task["inputs"][kind][parameter]
    earlier = tasks.pop(name).get("dependentTasks", ())
    for task in tasks.values():
        if name in task.get("dependentTasks", ()):
            # What came after it still comes after all that it came after.
            others = {*task["dependentTasks"], *earlier} - {name}
            task["dependentTasks"] = sorted(others)
            if not others:
                del task["dependentTasks"]


def _find_uses(name: str, tasks: Mapping[str, Task]) -> Iterator[tuple[Task, str, str]]:
    """Yield the inputs that take an output of a task: whose, of which kind, and their names."""
    for task in tasks.values():
        for kind, inputs in task.get("inputs", {}).items():
            for parameter, source in inputs.items():
                producers = [source[key]["producerTask"] for key in _OUTPUTS if key in source]
                if name in producers:
                    yield task, kind, parameter


def _find_producers(outputs: Any) -> Iterator[str]:
    """Yield the tasks that produce the outputs of a graph."""
    if isinstance(outputs, dict):
        yield from filter(None, [outputs.get("producerSubtask")])
    parts = outputs.values() if isinstance(outputs, dict) else outputs
    for part in parts if isinstance(outputs, dict | list) else ():
        yield from _find_producers(part)


def _tasks(component: Mapping[str, Any]) -> Mapping[str, Task]:
    tasks: Mapping[str, Task] = component.get("dag", {}).get("tasks", {})
    return tasks
