"""Leave the steps that serve Kubeflow's cache out of a pipeline that runs without it."""

from collections.abc import Iterator, Mapping
from typing import Any

from viewfinder_components.steps import find_step

_OUTPUTS = ("taskOutputParameter", "taskOutputArtifact")

Task = dict[str, Any]


def omit_cache_steps(specification: dict[str, Any]) -> None:
    """Remove the steps whose outputs only tell the cache what has changed, in place.

    The parameters that take these outputs have their defaults instead. A step stays if an output
    is used otherwise.

    Args:
        specification: A compiled pipeline.
    """
    components = specification["components"]
    graphs = [specification["root"], *components.values()]
    for graph in [one["dag"] for one in graphs if "dag" in one]:
        for name in [task for task in graph["tasks"] if _is_for_cache(task)]:
            if _is_dispensable(name, graph, components):
                _remove(name, graph["tasks"])
    used = {task["componentRef"]["name"] for one in graphs for task in _tasks(one).values()}
    for name in components.keys() - used:
        specification["deploymentSpec"]["executors"].pop(components.pop(name)["executorLabel"])


def _is_for_cache(task: str) -> bool:
    step = find_step(task)
    return step is not None and step.for_cache


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
    del tasks[name]
    for task in tasks.values():
        if name in task.get("dependentTasks", ()):
            task["dependentTasks"].remove(name)
            if not task["dependentTasks"]:
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
