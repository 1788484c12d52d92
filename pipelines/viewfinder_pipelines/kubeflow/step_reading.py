"""Read what a step on Kubeflow Pipelines told, from whichever place can be read.

In this order: the node's message (a failed step's own word, kept with the run), the pod's log, the
log that Argo has kept, and the step's metrics artifact, whose file is its outcome. Of a step that
came from the cache the same is read in the run in which it ran.
"""

import base64
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlencode

from viewfinder_components.errors import ViewfinderError, compose_sentence
from viewfinder_components.outcome import Outcome, find_outcome, parse_outcome
from viewfinder_pipelines.kubeflow.cached_steps import Originals
from viewfinder_pipelines.kubeflow.client import Kubeflow
from viewfinder_pipelines.kubeflow.workflow import LOG_ARTIFACT, Pod, WorkflowStep
from viewfinder_pipelines.runs.outputs import METRICS_TYPE
from viewfinder_pipelines.runs.record import ArtifactRecord, RunState
from viewfinder_pipelines.runs.step_log import own_lines

_NO_LOG_ANSWER = '{"error_message":'
# The UI's words for what a URI's scheme is.
_SOURCES = {"minio": "minio", "s3": "s3", "gs": "gcs"}
CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "GOOGLE_APPLICATION_CREDENTIALS",
)
_WITHOUT_CACHE = "run without the cache (cache = false under [kubeflow])"
_TRIES = 3  # at an ended pod's log while the run goes on: Argo keeps it a moment later


@dataclass(frozen=True)
class StepReading:
    """What could be read of a step.

    Attributes:
        outcome: Its word about its end.
        lines: What its pod wrote, as far as it could be read.
        gap: What could not be read, why, and what to do about it; empty when all was.
        artifacts: Where its artifacts lie, as far as another run had to be asked.
    """

    outcome: Outcome | None = None
    lines: Sequence[str] = ()
    gap: str = ""
    artifacts: Mapping[str, ArtifactRecord] = field(default_factory=dict)


class StepReader:
    """Reads the steps of one run; what a pod that has ended told is asked for once.

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
        """Return what a step told.

        Args:
            step: The step.
            namespace: Where its pods are.
            run_state: The run's state; when it has ended, every place is tried.
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
        # While the run goes on it may still come; a step that was ended had nothing more to tell.
        was_ended = step.is_overdue or (run_state == "interrupted" and step.state != "succeeded")
        is_final = is_over and not was_ended
        return reading if is_final else replace(reading, gap="")

    def _read_without_pod(self, step: WorkflowStep, namespace: str, is_over: bool) -> StepReading:
        if step.state != "cached":
            return StepReading(_outcome_of(step, ()))
        # Where a cached step ran is told by the steps after it.
        return self._read_cached(step, namespace) if is_over else StepReading()

    def _read_cached(self, step: WorkflowStep, namespace: str) -> StepReading:
        """Read what a cached step told in the run in which it ran."""
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
        """Read the file in which a cached step left its outcome, where its run is gone."""
        outcome = find_outcome(_first(self._files(step, namespace), reasons), step.name)
        if outcome is not None:
            return StepReading(outcome)
        what = "what the step told when it ran, before the cache had its outputs"
        return StepReading(gap=self._gap(what, reasons, _WITHOUT_CACHE))

    def _read_ended(self, step: WorkflowStep, namespace: str, is_over: bool) -> StepReading:
        reasons: list[str] = []
        lines = self._read_log(step, namespace, reasons)
        outcome = _outcome_of(step, lines)
        if outcome is None and step.state == "succeeded" and is_over:
            outcome = find_outcome(_first(self._files(step, namespace), reasons), step.name)
        # A log adds nothing to a success that is known, and a killed step has told nothing in it.
        if outcome is not None and (lines or step.state == "succeeded"):
            return StepReading(outcome, lines)
        if lines and step.state == "failed":
            return StepReading(outcome, lines)
        what = "the step's log" if outcome else "the step's word about its end, in its log"
        return StepReading(outcome, lines, self._gap(what, reasons))

    def _read_log(self, step: WorkflowStep, namespace: str, reasons: list[str]) -> list[str]:
        """Return the log of a step's pod, the first one that has its outcome if there is one."""
        found: list[str] = []
        for way in self._logs(step.pod, namespace):
            lines = _first(iter([way]), reasons)
            if step.state == "running" or find_outcome(lines, step.name):
                return lines
            found = found or lines
        return found

    def _logs(self, pod: Pod, namespace: str) -> Iterator[Callable[[], list[str]]]:
        """Yield the ways to a pod's log, the fresh one first."""
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
        if text.startswith(_NO_LOG_ANSWER):  # the UI handed the API's answer on
            raise LookupError("no log of the pod at the UI")
        return own_lines(text)

    def _kept_log(self, pod: Pod) -> list[str]:
        path = f"/apis/v1beta1/runs/{self._run_id}/nodes/{pod.name}/artifacts/{LOG_ARTIFACT}:read"
        data = json.loads(self._kubeflow.get(path))["data"]
        return own_lines(base64.b64decode(data).decode("utf-8", "replace"))

    def _files(self, step: WorkflowStep, namespace: str) -> Iterator[Callable[[], list[str]]]:
        """Yield the ways to the file in which the step left its outcome."""
        uris = [a.uri for a in step.artifacts.values() if a.type == METRICS_TYPE and a.uri]
        for uri in uris:
            if self._kubeflow.ui:
                path = artifact_path(uri, namespace)
                yield lambda path=path: self._kubeflow.get(path, ui=True).splitlines()  # type: ignore[misc]
            if any(name in os.environ for name in CREDENTIALS):
                yield lambda uri=uri: _read_object(uri)  # type: ignore[misc]

    def _gap(self, what: str, reasons: Sequence[str], instead: str = "") -> str:
        remedies = [
            *([] if self._kubeflow.ui else ["set KFP_UI_HOST to the UI's address"]),
            "export the artifact store's credentials (AWS_ACCESS_KEY_ID and so on)",
            *(
                []
                if instead
                else ["let Argo keep logs (archiveLogs in workflow-controller-configmap)"]
            ),
        ]
        received = "; ".join(dict.fromkeys(reasons)) or "a log without it"
        remedy = f"{', or '.join(remedies)}, and show the run again"
        return compose_sentence(what, received, f"{remedy}, or {instead}" if instead else remedy)


def artifact_path(uri: str, namespace: str) -> str:
    """Return the UI's path of an artifact's content.

    Args:
        uri: Where it lies in the artifact store.
        namespace: The run's; the UI looks up there who may read it.
    """
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    query = {"source": _SOURCES.get(scheme, scheme), "bucket": bucket, "key": key}
    return f"/artifacts/get?{urlencode({**query, 'namespace': namespace}, quote_via=quote)}"


def _first(ways: Iterator[Callable[[], list[str]]], reasons: list[str]) -> list[str]:
    """Return what the first way that leads somewhere finds; why others did not, in `reasons`."""
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
    """Return a step's word about its end, in its node's message or among its pod's lines."""
    if step.state == "failed" and (told := parse_outcome(step.failure)):
        return told
    return find_outcome(lines, step.name)


def _read_object(uri: str) -> list[str]:
    """Read an artifact with the credentials of whoever runs this."""
    from viewfinder_components.storage.bucket_errors import explained
    from viewfinder_components.storage.clients import open_client
    from viewfinder_components.storage.location import Location

    location = Location.parse(uri)
    with explained(location):
        return open_client(location).read(location.key).decode("utf-8", "replace").splitlines()
