"""Read a step's outcome on Kubeflow Pipelines, from any place that can be read.

In this order: the node's message (a failed step's own outcome, kept with the run), the pod's log,
the log kept by Argo, and the step's metrics artifact, whose file is its outcome. For a step that
came from the cache, these are read in the run in which it ran.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from viewfinder_components.errors import ViewfinderError, compose_sentence
from viewfinder_components.outcome import Outcome, find_outcome, parse_outcome
from viewfinder_components.steps import declared_name
from viewfinder_pipelines.kubeflow.artifacts import STORE_REMEDY, UI_REMEDY, find_ways
from viewfinder_pipelines.kubeflow.cached_steps import Originals
from viewfinder_pipelines.kubeflow.client import Kubeflow
from viewfinder_pipelines.kubeflow.workflow import LOG_ARTIFACT
from viewfinder_pipelines.kubeflow.workflow_step import Pod, WorkflowStep
from viewfinder_pipelines.runs.outputs import METRICS_TYPE
from viewfinder_pipelines.runs.record import ArtifactRecord, RunState
from viewfinder_pipelines.runs.step_log import own_lines

_NO_LOG_ANSWER = '{"error_message":'
_WITHOUT_CACHE = "run without the cache (cache = false under [kubeflow])"
_TRIES = 3  # for an ended pod's log during the run: Argo stores it a moment later


@dataclass(frozen=True)
class StepReading:
    """What could be read about a step.

    Attributes:
        outcome: Its own report of how it ended.
        lines: What its pod wrote, if it could be read.
        gap: What could not be read, why, and what to do about it; empty if everything was read.
        artifacts: Where its artifacts are, if another run had to be queried.
    """

    outcome: Outcome | None = None
    lines: Sequence[str] = ()
    gap: str = ""
    artifacts: Mapping[str, ArtifactRecord] = field(default_factory=dict)


class StepReader:
    """Reads the steps of one run; the outcome of an ended pod is requested once.

    Args:
        kubeflow: Where the run is.
        run_id: The run.
    """

    def __init__(self, kubeflow: Kubeflow, run_id: str) -> None:
        self._kubeflow = kubeflow
        self._run_id = run_id
        self._known: dict[str, StepReading] = {}
        self._tries: dict[str, int] = {}
        self._originals = Originals(kubeflow)

    def read(self, step: WorkflowStep, namespace: str, run_state: RunState) -> StepReading:
        """Return what is known about a step.

        Args:
            step: The step.
            namespace: Where its pods are.
            run_state: The run's state; if it has ended, every place is tried.
        """
        pod, is_over = step.pod, run_state != "running"
        if not step.pods or pod.waits:
            return self._read_without_pod(step, namespace, is_over)
        if pod.name in self._known:
            return self._known[pod.name]
        if pod.ended is None:
            return StepReading(lines=self._read_log(step, namespace, []))
        tries = self._tries[pod.name] = self._tries.get(pod.name, 0) + 1
        if tries > _TRIES and not is_over:
            return StepReading(_outcome_of(step, ()))
        reading = self._read_ended(step, namespace, is_over)
        if not reading.gap:
            self._known[pod.name] = reading
            return reading
        # During the run it may still arrive; a step that was ended had nothing more to report.
        was_ended = step.is_overdue or (run_state == "interrupted" and step.state != "succeeded")
        is_final = is_over and not was_ended
        return reading if is_final else replace(reading, gap="")

    def _read_without_pod(self, step: WorkflowStep, namespace: str, is_over: bool) -> StepReading:
        if step.state != "cached":
            return StepReading(_outcome_of(step, ()))
        # The steps after a cached step show where it ran.
        return self._read_cached(step, namespace) if is_over else StepReading()

    def _read_cached(self, step: WorkflowStep, namespace: str) -> StepReading:
        """Read a cached step's outcome in the run in which it ran."""
        try:
            original = self._originals.find(step)
        except ViewfinderError as error:
            return self._read_kept_outcome(step, namespace, [error.received])
        reader = StepReader(self._kubeflow, original.run_id)
        told = reader.read(original.step, original.namespace, "succeeded")
        gap = told.gap if told.outcome is None else ""
        return StepReading(told.outcome, gap=gap, artifacts=original.step.artifacts)

    def _read_kept_outcome(
        self, step: WorkflowStep, namespace: str, reasons: list[str]
    ) -> StepReading:
        """Read the outcome file of a cached step whose run is gone."""
        outcome = _find_outcome(_first(self._files(step, namespace), reasons), step)
        if outcome is not None:
            return StepReading(outcome)
        what = "the step's outcome from when it ran and its outputs were cached"
        return StepReading(gap=self._gap(what, reasons, _WITHOUT_CACHE))

    def _read_ended(self, step: WorkflowStep, namespace: str, is_over: bool) -> StepReading:
        reasons: list[str] = []
        lines = self._read_log(step, namespace, reasons)
        outcome = _outcome_of(step, lines)
        if outcome is None and step.state == "succeeded" and is_over:
            outcome = _find_outcome(_first(self._files(step, namespace), reasons), step)
        # A log adds nothing to a known success, and a killed step has no outcome in it.
        if outcome is not None and (lines or step.state == "succeeded"):
            return StepReading(outcome, lines)
        if lines and step.state == "failed":
            return StepReading(outcome, lines)
        what = "the step's log" if outcome else "the step's outcome, in its log"
        return StepReading(outcome, lines, self._gap(what, reasons))

    def _read_log(self, step: WorkflowStep, namespace: str, reasons: list[str]) -> list[str]:
        """Return the log of a step's pod, the first one with its outcome if there is one."""
        found: list[str] = []
        for way in self._logs(step.pod, namespace):
            lines = _first(iter([way]), reasons)
            if step.state == "running" or _find_outcome(lines, step):
                return lines
            found = found or lines
        return found

    def _logs(self, pod: Pod, namespace: str) -> Iterator[Callable[[], list[str]]]:
        """Yield the ways to read a pod's log, the current one first."""
        if self._kubeflow.is_ui:
            yield lambda: self._ui_log(pod, namespace)
        else:
            yield lambda: self._api_log(pod)
        if pod.has_log:
            yield lambda: self._kept_log(pod)
        if self._kubeflow.ui and not self._kubeflow.is_ui:
            yield lambda: self._ui_log(pod, namespace)

    def _api_log(self, pod: Pod) -> list[str]:
        text = self._kubeflow.get(f"/apis/v1alpha1/runs/{self._run_id}/nodes/{pod.name}/log")
        if text.startswith(_NO_LOG_ANSWER):  # with HTTP 200: not started yet, or removed since
            raise LookupError("no log of the pod at the API")
        return own_lines(text)

    def _ui_log(self, pod: Pod, namespace: str) -> list[str]:
        query = {"podname": pod.name, "podnamespace": namespace, "runid": self._run_id}
        if pod.began is not None:
            query["createdat"] = pod.began.strftime("%Y-%m-%d")
        text = self._kubeflow.get(f"/k8s/pod/logs?{urlencode(query)}", ui=True)
        if text.startswith(_NO_LOG_ANSWER):  # the UI passed on the API's answer
            raise LookupError("no log of the pod at the UI")
        return own_lines(text)

    def _kept_log(self, pod: Pod) -> list[str]:
        path = f"/apis/v1beta1/runs/{self._run_id}/nodes/{pod.name}/artifacts/{LOG_ARTIFACT}:read"
        data = json.loads(self._kubeflow.get(path))["data"]
        return own_lines(base64.b64decode(data).decode("utf-8", "replace"))

    def _files(self, step: WorkflowStep, namespace: str) -> Iterator[Callable[[], list[str]]]:
        """Yield the ways to read the step's outcome file."""
        uris = [a.uri for a in step.artifacts.values() if a.type == METRICS_TYPE and a.uri]
        for uri in uris:
            for way in find_ways(self._kubeflow, uri, namespace):
                yield lambda way=way: way().decode("utf-8", "replace").splitlines()  # type: ignore[misc]

    def _gap(self, what: str, reasons: Sequence[str], instead: str = "") -> str:
        remedies = [
            *([] if self._kubeflow.ui else [UI_REMEDY]),
            STORE_REMEDY,
            *(
                []
                if instead
                else ["let Argo keep logs (archiveLogs in workflow-controller-configmap)"]
            ),
        ]
        received = "; ".join(dict.fromkeys(reasons)) or "a log without it"
        remedy = f"{', or '.join(remedies)}, and show the run again"
        return compose_sentence(what, received, f"{remedy}, or {instead}" if instead else remedy)


def _first(ways: Iterator[Callable[[], list[str]]], reasons: list[str]) -> list[str]:
    """Return the first successful way's result; why others failed is added to `reasons`."""
    for way in ways:
        try:
            if found := way():
                return found
        except ViewfinderError as error:
            reasons.append(error.received)
        except (LookupError, ValueError, TypeError) as error:
            reasons.append(str(error))
    return []


def _outcome_of(step: WorkflowStep, lines: Sequence[str]) -> Outcome | None:
    """Return a step's outcome from its node's message or its pod's lines."""
    if step.state == "failed" and (told := parse_outcome(step.failure)):
        return told
    return _find_outcome(lines, step)


def _find_outcome(lines: Sequence[str], step: WorkflowStep) -> Outcome | None:
    """Return a step's last outcome; a step that is used twice, `train-2`, calls itself `train`."""
    return find_outcome(lines, step.task) or find_outcome(lines, declared_name(step.name))
