"""The result of a run once its steps have ended, locally and on Kubeflow."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from viewfinder_components.outcome import Outcome
from viewfinder_components.step import Role
from viewfinder_pipelines.runs.outputs import Outputs
from viewfinder_pipelines.runs.record import ArtifactRecord, RunError, RunResult, StepResult

TAIL_LINES = 20


def with_outputs(step: StepResult, outputs: Outputs, outcome: Outcome | None) -> StepResult:
    """Return a finished step with its outputs and its own outcome.

    Args:
        step: The step.
        outputs: Its artifacts and parameters, as far as KFP provides them.
        outcome: The step's own report; None if it could not be read.
    """
    if outcome is None:
        return replace(step, artifacts=outputs.artifacts, parameters=outputs.parameters)
    own = sum(outcome.seconds.values()) if step.is_reused else 0.0
    return replace(
        step,
        reused_seconds=step.reused_seconds or own,
        summary=outcome.summary,
        phases=dict(outcome.seconds),
        metrics=dict(outcome.metrics),
        parameters={**outputs.parameters, **outcome.parameters},
        artifacts=_with_metadata(outputs.artifacts, outcome.metadata),
    )


def fill_in(result: RunResult) -> RunResult:
    """Return the run with its steps' results: metrics, the gate's decision, version, endpoint."""
    gate, service = result.step_of(Role.GATE), result.step_of(Role.SERVICE)
    version = result.step_of(Role.VERSION)
    if gate is not None and gate.state in ("succeeded", "cached"):
        evaluation = gate.artifacts.get("evaluation")
        decision = evaluation.metadata.get("decision") if evaluation else None
        result = replace(result, metrics=gate.metrics, decision=decision)
    # A user's own step may have the same name as one of ours, and different outputs.
    if version is not None and version.parameters.keys() >= {"number", "uri"}:
        told = {"number": int(version.parameters["number"]), "uri": version.parameters["uri"]}
        result = replace(result, version=told)
    if service is not None and "endpoint" in service.parameters:
        result = replace(result, endpoint=service.parameters["endpoint"])
    return result


def was_refused(result: RunResult) -> bool:
    """Return whether the gate prevented the model from being published."""
    gate = result.step_of(Role.GATE)
    return gate is not None and gate.parameters.get("accepted") is False


def explain_failure(step: str | None, outcome: Outcome | None, tail: Sequence[str]) -> RunError:
    """Explain why a step failed.

    Args:
        step: The step; None if the pipeline itself failed.
        outcome: The step's own report; None if it was killed, or never started.
        tail: The last lines it wrote, in order.
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
    """Return the artifacts with the step's metadata for them."""
    return {
        name: replace(artifact, metadata={**artifact.metadata, **metadata.get(name, {})})
        for name, artifact in artifacts.items()
    }
