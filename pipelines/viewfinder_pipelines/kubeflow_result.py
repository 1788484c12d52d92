"""The record of a run on Kubeflow Pipelines: the same as that of a run on this machine."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from viewfinder_components.errors import ViewfinderError
from viewfinder_components.outcome import Outcome, find_outcome
from viewfinder_pipelines.compiling import with_defaults
from viewfinder_pipelines.conclusion import (
    explain_failure,
    fill_in,
    interrupt,
    was_refused,
    with_outputs,
)
from viewfinder_pipelines.kubeflow_client import Kubeflow
from viewfinder_pipelines.outputs import Outputs
from viewfinder_pipelines.pod_log import PodLog, parse_log
from viewfinder_pipelines.record import RunError, RunResult, RunState, StepResult
from viewfinder_pipelines.workflow import Pod, WorkflowStep, read_steps

_STATES: dict[str, RunState] = {
    "SUCCEEDED": "succeeded",
    "SKIPPED": "succeeded",
    "FAILED": "failed",
    "CANCELED": "interrupted",
}  # every other state is a running one
_KUBEFLOWS_OWN = "executor-logs"  # an artifact that it adds to every step
FINAL_STATES = frozenset(_STATES)
"""Kubeflow Pipelines' names of the states in which a run stays."""
_NO_LOG = parse_log("")
_NO_LOG_ANSWER = '{"error_message":'


class KubeflowRun:
    """A run on Kubeflow Pipelines, read again and again while it goes on.

    Args:
        kubeflow: Where it runs.
        run_id: The run.
    """

    def __init__(self, kubeflow: Kubeflow, run_id: str) -> None:
        self._kubeflow = kubeflow
        self._run_id = run_id
        self._logs: dict[str, PodLog] = {}  # of pods that have ended: they change no more

    def read(self) -> RunResult:
        """Return the run's record as of now.

        Raises:
            PermanentError: There is no such run, or the API refused.
            TransientError: The API is not there at the moment.
        """
        kubeflow = self._kubeflow
        run = kubeflow.call(kubeflow.client.get_run, self._run_id)
        workflow = self._read_workflow()
        steps = read_steps(workflow)
        ended = run.finished_at if run.finished_at and run.finished_at.year > 1970 else None
        result = RunResult(
            run_id=self._run_id,
            where=kubeflow.host,
            state=_read_state(run),
            started=run.created_at.isoformat(timespec="seconds"),
            seconds=((ended or datetime.now(UTC)) - run.created_at).total_seconds(),
            parameters=with_defaults(run.runtime_config.parameters or {}),
            steps=tuple(self._step(step) for step in steps),
        )
        return self._conclude(fill_in(result), steps, workflow)

    def _conclude(
        self, result: RunResult, steps: Sequence[WorkflowStep], workflow: Mapping[str, Any]
    ) -> RunResult:
        result = replace(result, report=_report(result))
        if result.state == "running":
            return result
        result = replace(result, overhead=_sum_overhead(result), steps=interrupt(result.steps))
        if result.state == "interrupted":
            return result
        if result.state == "failed":
            return replace(result, error=self._explain(steps, workflow))
        return replace(result, state="refused" if was_refused(result) else "succeeded")

    def _step(self, step: WorkflowStep) -> StepResult:
        log = self._log(step.pods[-1]) if step.pods else _NO_LOG
        outcome = _find_outcome(step, log)
        sentences = log.sentences(step.name)
        if not sentences and step.state == "running" and step.pods:
            sentences = [step.pods[-1].message]  # why it does not start: no node, no image
        result = StepResult(
            name=step.name,
            state=step.state,
            seconds=_seconds(step.began, step.ended or datetime.now(UTC)),
            summary=sentences[-1] if sentences else "",
            overhead=_overhead(step, log) if step.state != "running" else {},
            attempts=max(1, len(step.pods)),
        )
        return with_outputs(result, _outputs(step, log), outcome)

    def _explain(self, steps: Sequence[WorkflowStep], workflow: Mapping[str, Any]) -> RunError:
        """Say why the run failed: the step's own sentence, or what became of its pod."""
        failed = [s for s in steps if s.state == "failed"]
        failed.sort(key=lambda step: step.ended or datetime.now(UTC))
        if not failed:
            message = workflow.get("status", {}).get("message") or "no step told why"
            return RunError(step=None, message=message, retryable=False, log_tail=())
        step = failed[0]
        pod = step.pods[-1] if step.pods else step.driver
        log = self._log(pod)
        lines = [line for line in log.lines if line.strip()]
        outcome = _find_outcome(step, log)
        error = explain_failure(step.name, outcome, lines)
        if outcome is not None or not step.failure:
            return error
        # Not an error of ours: killed, out of memory, never started. Argo's word comes first.
        said = f"{step.failure}; {error.message}" if lines else step.failure
        return replace(error, message=f"pod {pod.name}: {said}")

    def _log(self, pod: Pod) -> PodLog:
        if pod.name in self._logs:
            return self._logs[pod.name]
        path = f"/apis/v1alpha1/runs/{self._run_id}/nodes/{pod.name}/log"
        try:
            text = self._kubeflow.get(path)
        except ViewfinderError:
            return _NO_LOG
        if text.startswith(_NO_LOG_ANSWER):  # with HTTP 200: not started yet, or removed since
            return _NO_LOG
        log = parse_log(text)
        if pod.ended is not None:
            self._logs[pod.name] = log
        return log

    def _read_workflow(self) -> dict[str, Any]:
        """Return the Argo workflow, which the newer version of the API does not hand out."""
        text = self._kubeflow.get(f"/apis/v1beta1/runs/{self._run_id}")
        manifest = json.loads(text).get("pipeline_runtime", {}).get("workflow_manifest")
        workflow: dict[str, Any] = json.loads(manifest) if manifest else {}
        return workflow


def _read_state(run: Any) -> RunState:
    """Return the run's state; Kubeflow Pipelines 2.17 lets a run that was ended fail in the end."""
    state = _STATES.get(str(run.state), "running")
    if state == "failed" and any(s.state == "CANCELING" for s in run.state_history or []):
        return "interrupted"
    return state


def _report(result: RunResult) -> str | None:
    for name, report in (("evaluate", "evaluation_report"), ("validate", "validation_report")):
        step = result.step(name)
        if step is not None and report in step.artifacts:
            return step.artifacts[report].uri
    return None


def _outputs(step: WorkflowStep, log: PodLog) -> Outputs:
    """Return what a step put out: what its log says, and where that was cut off, its driver."""
    planned = step.artifacts if step.state == "succeeded" else {}
    artifacts = {**planned, **log.outputs.artifacts}
    artifacts.pop(_KUBEFLOWS_OWN, None)
    return replace(log.outputs, artifacts=artifacts)


def _find_outcome(step: WorkflowStep, log: PodLog) -> Outcome | None:
    """Return what a step told about its end, in its log or in its pod's status."""
    return find_outcome([step.failure, *log.lines], step.name)


def _overhead(step: WorkflowStep, log: PodLog) -> dict[str, float]:
    """Tell the cluster's seconds of an ended step from its own."""
    overhead = {"driver": _seconds(step.driver.began, step.driver.ended)}
    if step.pods:
        first, last = step.pods[0], step.pods[-1]
        overhead["queue"] = _seconds(step.driver.ended, first.began)
        overhead["start"] = _seconds(last.began, log.began)
        overhead["finish"] = _seconds(log.ended, last.ended)
    return overhead


def _sum_overhead(result: RunResult) -> dict[str, float]:
    total: dict[str, float] = {}
    for step in result.steps:
        for kind, seconds in step.overhead.items():
            total[kind] = total.get(kind, 0.0) + seconds
    between = result.seconds - sum(step.seconds for step in result.steps)
    return {**total, "between": max(0.0, between)}


def _seconds(began: datetime | None, ended: datetime | None) -> float:
    """Return the seconds between two times, 0 where one is missing or rounding turned them."""
    if began is None or ended is None:
        return 0.0
    return max(0.0, (ended - began).total_seconds())
