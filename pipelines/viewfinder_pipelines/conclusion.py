"""What a run comes to, once its steps have ended: here and on Kubeflow alike."""

from collections.abc import Sequence
from dataclasses import replace

from viewfinder_pipelines.outputs import Outputs
from viewfinder_pipelines.record import RunError, RunResult, StepResult

EXIT_STEP = "report"  # tells the outcome in the log; the run's record tells it here
TAIL_LINES = 20
_ERROR_PREFIX = "viewfinder_components.errors."


def with_outputs(step: StepResult, outputs: Outputs) -> StepResult:
    """Return a finished step with its outputs, and with where its own seconds went."""
    phases: dict[str, float] = {}
    for artifact in outputs.artifacts.values():
        seconds = artifact.metadata.get("seconds")
        if isinstance(seconds, dict):  # a number is a metric of that name
            phases.update(seconds)
    return replace(step, artifacts=outputs.artifacts, parameters=outputs.parameters, phases=phases)


def fill_in(result: RunResult) -> RunResult:
    """Return the run with what its steps found: metrics, the gate's word, version, endpoint."""
    evaluate, publish, deploy = (result.step(name) for name in ("evaluate", "publish", "deploy"))
    if evaluate is not None and evaluate.state in ("succeeded", "cached"):
        metrics, evaluation = map(evaluate.artifacts.get, ("metrics", "evaluation"))
        decision = evaluation.metadata.get("decision") if evaluation else None
        result = replace(
            result,
            metrics=dict(metrics.metadata) if metrics else {},
            decision=decision or evaluate.summary or None,
        )
    if publish is not None and publish.parameters:
        version = {"number": int(publish.parameters["number"]), "uri": publish.parameters["uri"]}
        result = replace(result, version=version)
    if deploy is not None and deploy.parameters:
        result = replace(result, endpoint=deploy.parameters["endpoint"])
    return result


def was_refused(result: RunResult) -> bool:
    """Return whether the gate kept the model from being published."""
    evaluate = result.step("evaluate")
    if evaluate is None:
        return False
    accepted = evaluate.parameters.get("Output", not evaluate.summary.startswith("Refused"))
    return not accepted


def interrupt(steps: Sequence[StepResult]) -> tuple[StepResult, ...]:
    """Return the steps, those that were running as interrupted."""
    return tuple(
        replace(step, state="interrupted") if step.state == "running" else step for step in steps
    )


def explain_failure(step: str | None, tail: Sequence[str]) -> RunError:
    """Find the cause in the last lines that a failed step wrote.

    Args:
        step: The step; None when the pipeline itself failed.
        tail: The lines, the last one last.
    """
    kind, message = _find_our_error(tail)
    if not message:
        message = next((line for line in reversed(tail) if line.strip()), "no output")
    return RunError(
        step=step,
        message=message,
        retryable=kind == "TransientError",
        log_tail=tuple(tail[-TAIL_LINES:]),
    )


def _find_our_error(tail: Sequence[str]) -> tuple[str, str]:
    """Return class and sentence of the last of our errors; its sentence may have many lines."""
    for start in range(len(tail) - 1, -1, -1):
        if tail[start].startswith(_ERROR_PREFIX):
            text = "\n".join(tail[start:]).removeprefix(_ERROR_PREFIX)
            kind, _, message = text.partition(": ")
            return kind, message.rstrip()
    return "", ""
