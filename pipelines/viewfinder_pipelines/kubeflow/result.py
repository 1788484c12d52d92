"""The record of a run on Kubeflow Pipelines, in the same form as that of a local run."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from viewfinder_components.errors import ViewfinderError, compose_sentence
from viewfinder_components.outcome import Outcome, parse_outcome
from viewfinder_components.run_reason import RunReason
from viewfinder_components.step import Role
from viewfinder_components.steps import declared_name, find_role
from viewfinder_pipelines.kubeflow.artifacts import artifact_path
from viewfinder_pipelines.kubeflow.cached_steps import read_traced_steps, read_workflow
from viewfinder_pipelines.kubeflow.client import Kubeflow
from viewfinder_pipelines.kubeflow.step_reading import StepReader, StepReading
from viewfinder_pipelines.kubeflow.waiting import explain_waiting
from viewfinder_pipelines.kubeflow.workflow import read_deadline, read_pipeline_name
from viewfinder_pipelines.kubeflow.workflow_step import WorkflowStep
from viewfinder_pipelines.pipeline.registry import pipeline_named
from viewfinder_pipelines.runs.completion import (
    explain_failure,
    fill_in,
    was_refused,
    with_outputs,
)
from viewfinder_pipelines.runs.outputs import Outputs
from viewfinder_pipelines.runs.record import (
    Gap,
    RunError,
    RunResult,
    RunState,
    StepResult,
    interrupt,
)
from viewfinder_pipelines.runs.step_log import last_words

_STATES: dict[str, RunState] = {
    "SUCCEEDED": "succeeded",
    "SKIPPED": "succeeded",
    "FAILED": "failed",
    "CANCELED": "interrupted",
}  # every other state is a running one
_KUBEFLOWS_OWN = "executor-logs"  # an artifact that it adds to every step
FINAL_STATES = frozenset(_STATES)
"""Kubeflow Pipelines' names for final states of a run."""
_REPORTS = ("evaluation_report", "validation_report")


class KubeflowRun:
    """A run on Kubeflow Pipelines, read repeatedly while it is in progress.

    Args:
        kubeflow: Where it runs.
        run_id: The run.
    """

    def __init__(self, kubeflow: Kubeflow, run_id: str) -> None:
        self._kubeflow = kubeflow
        self._run_id = run_id
        self._reader = StepReader(kubeflow, run_id)
        self._schedule = ""

    def read(self) -> RunResult:
        """Return the run's record at this moment.

        Raises:
            PermanentError: There is no such run, or the API refused.
            TransientError: The API is currently unavailable.
        """
        kubeflow = self._kubeflow
        run = kubeflow.call(kubeflow.client.get_run, self._run_id)
        workflow = read_workflow(kubeflow, self._run_id)
        state = _read_state(run, workflow)
        namespace = str(workflow.get("metadata", {}).get("namespace", ""))
        begun = read_traced_steps(workflow)
        steps = [step for step in begun if not step.is_skipped]
        readings = [self._reader.read(step, namespace, state) for step in steps]
        ended = run.finished_at if run.finished_at and run.finished_at.year > 1970 else None
        given = run.runtime_config.parameters or {}
        name = read_pipeline_name(workflow)
        pipeline = pipeline_named(name)
        result = RunResult(
            run_id=self._run_id,
            where=kubeflow.host,
            state=state,
            started=run.created_at.isoformat(timespec="seconds"),
            seconds=((ended or datetime.now(UTC)) - run.created_at).total_seconds(),
            parameters=pipeline.with_defaults(given) if pipeline else dict(given),
            pipeline=name,
            steps=tuple(map(_step_result, steps, readings)),
            page=kubeflow.run_page(self._run_id),
            reason=self._find_reason(given, run.recurring_run_id or ""),
            gaps=_gaps(steps, readings),
        )
        gated = pipeline.gated if pipeline else ""
        if any(step.name == gated and step.is_skipped for step in begun):
            result = replace(result, steps=tuple(map(_refused, result.steps)))
        if state == "failed":
            result = replace(result, error=_explain(steps, readings, workflow))
        result = conclude(result)
        if result.report and kubeflow.ui:
            page = kubeflow.ui + artifact_path(result.report, namespace)
            result = replace(result, report_page=page)
        return result

    def _find_reason(self, given: Mapping[str, Any], schedule_id: str) -> RunReason:
        reason = RunReason.parse(given.get("reason"))
        if not schedule_id or reason.kind != "hand":
            return reason
        self._schedule = self._schedule or _find_schedule(self._kubeflow, schedule_id)
        told = ": ".join(filter(None, [self._schedule, reason.text]))
        return RunReason("schedule", text=told)


def _find_schedule(kubeflow: Kubeflow, schedule_id: str) -> str:
    """Return a schedule's name; its id if it was deleted."""
    import kfp_server_api

    api = kfp_server_api.RecurringRunServiceApi(kubeflow.connection)
    try:
        found = kubeflow.call(api.recurring_run_service_get_recurring_run, schedule_id)
    except ViewfinderError:
        return schedule_id
    return str(found.display_name)


def conclude(result: RunResult) -> RunResult:
    """Return a run with its steps' results; `state` and `error` are as KFP has them."""
    result = replace(fill_in(result), report=_report(result))
    if result.state == "running":
        return result
    result = replace(result, overhead=_sum_overhead(result), steps=interrupt(result.steps))
    if result.state == "succeeded" and was_refused(result):
        return replace(result, state="refused")
    return result


def _refused(step: StepResult) -> StepResult:
    """Return the evaluation with its decision, which the graph shows if its log does not."""
    if find_role(step.name) is not Role.GATE:
        return step
    return replace(step, parameters={**step.parameters, "accepted": False})


def _read_state(run: Any, workflow: Mapping[str, Any]) -> RunState:
    """Return the run's state; Kubeflow Pipelines 2.17 finally lets a run that was ended fail.

    Its history shows this, unless a report of the workflow's progress came at the same moment and
    overwrote it. Ending a run sets its workflow's remaining time to zero: that stays.
    """
    state = _STATES.get(str(run.state), "running")
    was_ended = any(s.state == "CANCELING" for s in run.state_history or [])
    was_ended = was_ended or workflow.get("spec", {}).get("activeDeadlineSeconds") == 0
    return "interrupted" if state == "failed" and was_ended else state


def _gaps(steps: Sequence[WorkflowStep], readings: Sequence[StepReading]) -> tuple[Gap, ...]:
    """Return what could not be read, grouping the steps with the same message."""
    by_message: dict[str, list[str]] = {}
    for step, reading in zip(steps, readings, strict=True):
        if reading.gap:
            by_message.setdefault(reading.gap, []).append(step.name)
    return tuple(Gap(tuple(names), message) for message, names in by_message.items())


def _step_result(step: WorkflowStep, reading: StepReading) -> StepResult:
    outcome, reason = reading.outcome, explain_waiting(step)
    result = StepResult(
        name=step.name,
        state=step.state,
        seconds=_seconds(step.began, step.ended or datetime.now(UTC)),
        summary="" if step.state == "failed" else _last_words(step, reading),
        overhead=_overhead(step, outcome),
        attempts=max(1, len(step.pods)),
        waiting=str(reason) if reason else "",
    )
    has_outputs = step.state in ("succeeded", "cached")
    planned = dict(reading.artifacts or step.artifacts) if has_outputs else {}
    planned.pop(_KUBEFLOWS_OWN, None)
    return with_outputs(result, Outputs(planned), outcome)


def _last_words(step: WorkflowStep, reading: StepReading) -> str:
    return last_words(list(reading.lines), declared_name(step.name))


def _explain(
    steps: Sequence[WorkflowStep], readings: Sequence[StepReading], workflow: Mapping[str, Any]
) -> RunError:
    """Explain why the run failed: the step's own sentence, or what happened to its pod."""
    failed = [pair for pair in zip(steps, readings, strict=True) if pair[0].state == "failed"]
    if not failed:
        message = workflow.get("status", {}).get("message") or "no step reported why"
        if read_deadline(workflow) and "deadline" in message:  # it expired between two steps
            message = _explain_deadline(workflow, "steps that had not started")
        return RunError(step=None, message=message, retryable=False, log_tail=())
    step, reading = min(failed, key=lambda pair: pair[0].ended or datetime.now(UTC))
    lines = [line for line in reading.lines if line.strip() and parse_outcome(line) is None]
    # A step that reported success can still fail: Kubeflow then could not store its outputs.
    told = reading.outcome if reading.outcome and reading.outcome.failure else None
    error = explain_failure(step.name, told, lines)
    if told is not None or not step.failure:
        return error
    if step.is_overdue and read_deadline(workflow):
        return replace(error, message=_explain_deadline(workflow, f"step {step.name} unfinished"))
    # It reported nothing: killed, out of memory, never started. Argo's message comes first.
    said = f"{step.failure}; {error.message}" if lines else step.failure
    return replace(error, message=f"pod {step.pod.name}: {said}")


def _explain_deadline(workflow: Mapping[str, Any], received: str) -> str:
    return compose_sentence(
        f"the run to end within its deadline of {read_deadline(workflow)} s",
        f"{received} by then",
        "raise run_deadline_seconds under [kubeflow] in the settings file if the steps need "
        "more time, and try again",
    )


def _report(result: RunResult) -> str | None:
    for name in _REPORTS:
        for step in result.steps:
            if name in step.artifacts:
                return step.artifacts[name].uri
    return None


def _overhead(step: WorkflowStep, outcome: Outcome | None) -> dict[str, float]:
    if step.state == "running":
        return {}
    # The times that a cached step reports are those of another run.
    return measure_overhead(step, None if step.state == "cached" else outcome)


def measure_overhead(step: WorkflowStep, outcome: Outcome | None) -> dict[str, float]:
    """Separate the cluster's seconds of an ended step from its own.

    Without the step's own outcome, the whole time of its pod counts as the step's.
    """
    overhead = {"driver": _seconds(step.driver.began, step.driver.ended)}
    if not step.pods:
        return overhead
    first, last = step.pods[0].began, step.pods[-1].began
    if outcome is not None:
        code_began = datetime.fromisoformat(outcome.began)
        # A busy Argo records that a pod began when it first looks, which may be after its end.
        first, last = _earlier(first, code_began), _earlier(last, code_began)
        overhead["start"] = _seconds(last, code_began)
        overhead["finish"] = _seconds(datetime.fromisoformat(outcome.ended), step.ended)
    overhead["queue"] = _seconds(step.driver.ended, first)
    return overhead


def _earlier(time: datetime | None, other: datetime) -> datetime | None:
    return None if time is None else min(time, other)


def _sum_overhead(result: RunResult) -> dict[str, float]:
    total: dict[str, float] = {}
    for step in result.steps:
        for kind, seconds in step.overhead.items():
            total[kind] = total.get(kind, 0.0) + seconds
    between = result.seconds - sum(step.seconds for step in result.steps)
    return {**total, "between": max(0.0, between)}


def _seconds(began: datetime | None, ended: datetime | None) -> float:
    """Return the seconds between two times, 0 if one is missing or rounding reversed them."""
    if began is None or ended is None:
        return 0.0
    return max(0.0, (ended - began).total_seconds())
