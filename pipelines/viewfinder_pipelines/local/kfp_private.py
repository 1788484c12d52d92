"""What runs on this machine change in kfp.local, which has no interface for it, and why.

pyproject.toml keeps kfp below the first release that this was not tested with.
"""

import re
from typing import Any

from viewfinder_components.errors import PermanentError

_NUMBER = re.compile(r"-iteration-(\d+)$")  # of kfp.local's task for an iteration of a loop
_ITERATION_LINE = re.compile(r"^\[viewfinder\] iteration (\d+)$")


def announce_iterations(errors: list[Exception]) -> None:
    """Make kfp.local print the number of each iteration of a loop before its first step.

    It prints only the names of the steps, and an iteration in which a step fails has fewer of them.

    Args:
        errors: Gets kfp's own errors in an iteration, which it logs instead of raising them.
    """
    from kfp.local.orchestrator import enhanced_dag_orchestrator as orchestrator

    execute = orchestrator.execute_task

    def announce(task_name: str, task_spec: Any, components: Any, **rest: Any) -> Any:
        is_graph = components[task_spec.component_ref.name].HasField("dag")
        match = _NUMBER.search(task_name) if is_graph else None
        if match:
            print(f"[viewfinder] iteration {match[1]}")
        try:
            return execute(task_name=task_name, task_spec=task_spec, components=components, **rest)
        except Exception as error:
            if match:
                errors.append(error)
            raise

    orchestrator.execute_task = announce


def parse_iteration_line(line: str) -> int | None:
    """Return the iteration that a line announces; None for any other line."""
    match = _ITERATION_LINE.match(line)
    return int(match[1]) if match else None


def complete_loops() -> None:
    """Make kfp.local give loops the right inputs, and hand on the results of an empty loop.

    In a loop, it replaces every output of an earlier step by the loop's item, and it looks for a
    list of items only in outputs without a name. Of a loop over an empty list, it records nothing,
    and a step that collects its results would end the run with an error of kfp's own. Lists of
    artifacts cannot be empty, because kfp gives the step None: the run ends with the reason.
    """
    from kfp.local.orchestrator import enhanced_dag_orchestrator as orchestrator

    run_loop = orchestrator._run_parallel_for_task

    def run(task_name: str, task_spec: Any, components: Any, io_store: Any, **rest: Any) -> Any:
        outputs = components[task_spec.component_ref.name].output_definitions
        for name in (*outputs.parameters, *outputs.artifacts):
            io_store.put_task_output(task_name, name, [])
        has_failed = run_loop(
            task_name=task_name,
            task_spec=_without_outputs(task_spec, io_store),
            components=components,
            io_store=io_store,
            **rest,
        )
        artifacts = [io_store.get_task_output(task_name, name) for name in outputs.artifacts]
        if not has_failed and not all(artifacts):
            raise _explain_empty_loop(task_spec)
        return has_failed

    orchestrator._run_parallel_for_task = run


def _without_outputs(task_spec: Any, io_store: Any) -> Any:
    """Return a loop that takes earlier steps' outputs as inputs of the graph around it."""
    changed = type(task_spec)()
    changed.CopyFrom(task_spec)
    for name, source in changed.inputs.parameters.items():
        if source.HasField("task_output_parameter"):
            output = source.task_output_parameter
            value = io_store.get_task_output(output.producer_task, output.output_parameter_key)
            io_store.put_parent_input(name, value)
            source.component_input_parameter = name
    return changed


def _explain_empty_loop(task_spec: Any) -> PermanentError:
    items = task_spec.parameter_iterator.items.input_parameter
    source = task_spec.inputs.parameters[items]  # empty for a literal list
    place = source.task_output_parameter.producer_task or source.component_input_parameter
    return PermanentError(
        "a loop with at least one item, because a step collects its artifacts",
        f"none, from {place}" if place else "none",
        "add an item, or put the loop and that step in a condition (`dsl.If`)",
    )
