"""What a run comes to, once its steps have ended: here and on Kubeflow alike."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from viewfinder_components.outcome import Outcome
from viewfinder_components.step import Role
from viewfinder_pipelines.runs.outputs import Outputs
from viewfinder_pipelines.runs.record import ArtifactRecord, RunError, RunResult, StepResult

TAIL_LINES = 20


def with_outputs(step: StepResult, outputs: Outputs, outcome: Outcome | None) -> StepResult:
    """Return a finished step with what it put out and what it told about itself.

    Args:
        step: The step.
        outputs: Its artifacts and parameters, as far as KFP tells them.
        outcome: The step's own word; None where it could not be read.
    """
    if outcome is None:
        return replace(step, artifacts=outputs.artifacts, parameters=outputs.parameters)
    return replace(
        step,
        summary=outcome.summary,
        phases=dict(outcome.seconds),
        metrics=dict(outcome.metrics),
        parameters={**outputs.parameters, **outcome.parameters},
        artifacts=_with_metadata(outputs.artifacts, outcome.metadata),
    )


def fill_in(result: RunResult) -> RunResult:
    """Return the run with what its steps found: metrics, the gate's word, version, endpoint."""
    gate, service = result.step_of(Role.GATE), result.step_of(Role.SERVICE)
    version = result.step_of(Role.VERSION)
    if gate is not None and gate.state in ("succeeded", "cached"):
        evaluation = gate.artifacts.get("evaluation")
        decision = evaluation.metadata.get("decision") if evaluation else None
        result = replace(result, metrics=gate.metrics, decision=decision)
    # A step of one's own may be called like one of ours, and put out something else.
    if version is not None and version.parameters.keys() >= {"number", "uri"}:
        told = {"number": int(version.parameters["number"]), "uri": version.parameters["uri"]}
        result = replace(result, version=told)
    if service is not None and "endpoint" in service.parameters:
        result = replace(result, endpoint=service.parameters["endpoint"])
    return result


def was_refused(result: RunResult) -> bool:
    """Return whether the gate kept the model from being published."""
    gate = result.step_of(Role.GATE)
    return gate is not None and gate.parameters.get("accepted") is False


def explain_failure(step: str | None, outcome: Outcome | None, tail: Sequence[str]) -> RunError:
    """Tell why a step failed.

    Args:
        step: The step; None when the pipeline itself failed.
        outcome: What the step told about its end; None when it was killed, or never began.
        tail: The last lines it wrote, the last one last.
    """
    failure = outcome.failure if outcome else None
    if failure is not None:
        message, retryable = failure.message, failure.kind == "transient"
    else:
        message, retryable = (
            next((line for line in reversed(tail) if line.strip()), "no output"),
            False,
        )
    return RunError(step, message, retryable, tuple(tail[-TAIL_LINES:]))


def _with_metadata(
    artifacts: Mapping[str, ArtifactRecord], metadata: Mapping[str, Mapping[str, Any]]
) -> dict[str, ArtifactRecord]:
    """Return the artifacts with what the step wrote beside them."""
    return {
        name: replace(artifact, metadata={**artifact.metadata, **metadata.get(name, {})})
        for name, artifact in artifacts.items()
    }
