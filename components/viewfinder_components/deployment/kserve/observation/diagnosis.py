"""Turn what the cluster reports on a deployment into one sentence with a remedy."""

import re
from dataclasses import dataclass
from typing import Any

from viewfinder_components.deployment.kserve.applied import read_applied
from viewfinder_components.deployment.kserve.observation.observe import Observation, find_condition
from viewfinder_components.deployment.kserve.observation.revision_failure import (
    find_revision_failure,
)
from viewfinder_components.deployment.kserve.observation.storage_failure import (
    StorageProblem,
    read_failure,
)
from viewfinder_components.deployment.kubernetes.cluster import Object
from viewfinder_components.deployment.kubernetes.quota_refusals import is_of_quota, quota_error
from viewfinder_components.deployment.kubernetes.slow_node import is_slow_node
from viewfinder_components.errors import PermanentError, TransientError, ViewfinderError
from viewfinder_components.spelling import spell

_INITIALIZER = "storage-initializer"
_PREDICTOR = "kserve-container"
_IMAGE_REASONS = {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"}
_CONFIG_REASONS = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
_IMAGE_MISSING = re.compile(
    r"not found|unauthorized|denied|manifest unknown|not present|invalid|couldn't parse", re.I
)
_OWN_SENTENCE = re.compile(r"^viewfinder_serving: (?P<sentence>.*)", re.M)
_CLAIM_MISSING = re.compile(r'persistentvolumeclaim "?(?P<claim>[^"\s]+)"? not found')
_CRASHES = 3
"""This many exits are a crash loop; a single one may be a process that somebody killed."""
_LOG_LINES, _LINE = 5, 300


@dataclass(frozen=True)
class Diagnosis:
    """Why a deployment does not complete."""

    error: ViewfinderError
    """The sentence."""

    waits: bool = False
    """Whether it may pass by itself, so that it is worth waiting for."""

    pod: str = ""
    """The pod whose log has details; empty if none does."""

    container: str = ""
    """That log's container."""

    def with_log(self, log: str) -> ViewfinderError:
        """Return the error with the last lines of the log."""
        lines = [line.strip()[:_LINE] for line in log.splitlines() if line.strip()][-_LOG_LINES:]
        if not lines:
            return self.error
        received = f"{self.error.received}; the last log lines of {self.pod}: {' | '.join(lines)}"
        return type(self.error)(self.error.expected, received, self.error.remedy)


def diagnose(seen: Observation, applied: str) -> Diagnosis | None:
    """Find what is wrong with the deployment that wrote the annotation `applied`.

    Returns:
        The first problem found; None if no problem is known.
    """
    uri = _storage_uri(seen.service)
    for pod in seen.new_pods(applied):
        if found := _diagnose_pod(pod, uri):
            return found
    failure = find_condition(seen.deployment, "ReplicaFailure")
    if failure.get("status") == "True":
        error = _explain_creation(str(failure.get("message")))
        return Diagnosis(error, waits=isinstance(error, TransientError))
    revision = seen.newest_revision()
    if read_applied(revision) == applied and (problem := find_revision_failure(revision)):
        return Diagnosis(problem, waits=True)  # Knative retries by itself
    return _diagnose_service(seen, applied)


def _storage_uri(service: Object) -> str:
    predictor = service.get("spec", {}).get("predictor", {})
    return str(predictor.get("model", {}).get("storageUri", "the version's URI"))


def _diagnose_pod(pod: Object, uri: str) -> Diagnosis | None:
    scheduled = find_condition(pod, "PodScheduled")
    if scheduled.get("reason") == "Unschedulable":
        return _explain_unschedulable(pod, str(scheduled.get("message")), uri)
    status = pod.get("status", {})
    if status.get("reason") == "Evicted":
        return Diagnosis(_evicted(str(status.get("message"))), waits=True)
    for container in status.get("initContainerStatuses") or []:
        if not container.get("ready") and (found := _diagnose_container(pod, container, uri)):
            return found
    for container in status.get("containerStatuses") or []:
        if not container.get("ready") and (found := _diagnose_container(pod, container, uri)):
            return found
    return None


def _diagnose_container(pod: Object, status: Object, uri: str) -> Diagnosis | None:
    name, pod_name = str(status["name"]), str(pod["metadata"]["name"])
    waiting = status.get("state", {}).get("waiting") or {}
    message = str(waiting.get("message") or waiting.get("reason"))
    if waiting.get("reason") in _IMAGE_REASONS:
        return _explain_image(str(status.get("image")), str(waiting["reason"]), message)
    if waiting.get("reason") in _CONFIG_REASONS:
        return _explain_start(name, message)
    ended = _find_end(status)
    if not ended:
        return None
    if ended.get("reason") == "OOMKilled":
        return Diagnosis(_out_of_memory(pod, name), pod=pod_name, container=name)
    if name == _INITIALIZER:
        return _explain_storage(pod, status, str(ended.get("message", "")), uri)
    return _explain_crash(pod, status, ended, uri)


def _explain_start(name: str, message: str) -> Diagnosis:
    expected = f"container {name} to be started"
    if is_slow_node(message):
        remedy = "try again when the node has less to do: its kubelet was too slow"
        return Diagnosis(TransientError(expected, message, remedy), waits=True)
    remedy = "correct the ServingRuntime, or the objects it refers to"
    return Diagnosis(PermanentError(expected, message, remedy))


def _find_end(status: Object) -> dict[str, Any]:
    """Return how a container last exited, empty if it never did or exited successfully."""
    for state in ("state", "lastState"):
        if ended := (status.get(state) or {}).get("terminated"):
            return dict(ended) if ended.get("exitCode") else {}
    return {}


def _explain_unschedulable(pod: Object, message: str, uri: str) -> Diagnosis:
    if missing := _CLAIM_MISSING.search(message):
        return Diagnosis(
            PermanentError(
                f"the PersistentVolumeClaim {missing['claim']} of {uri} in the namespace",
                message,
                "deploy to the claim's namespace, or publish to a bucket",
            )
        )
    return Diagnosis(
        TransientError(
            "room for the predictor's pod on a node",
            f"pod {pod['metadata']['name']} is Pending: {message.partition('. ')[0]}",
            _make_room(pod),
        ),
        waits=True,  # a cluster that adds nodes by itself needs a minute or two
    )


def _make_room(pod: Object) -> str:
    resources: Object = {}
    for container in pod["spec"].get("containers") or []:
        if container["name"] == _PREDICTOR:
            resources = (container.get("resources") or {}).get("requests") or {}
    asked = ", ".join(f"{name} {amount}" for name, amount in resources.items())
    return (
        f"deploy with a smaller request than {asked or 'the runtime names'} ("
        f"{spell('predictor_cpu', '500m')} for example), add a node, or try again when "
        "there is room"
    )


def _evicted(message: str) -> TransientError:
    return TransientError("a pod that is not evicted", message, "try again")


def _explain_image(image: str, reason: str, message: str) -> Diagnosis:
    gone = reason in ("ErrImageNeverPull", "InvalidImageName") or _IMAGE_MISSING.search(message)
    kind = PermanentError if gone else TransientError
    return Diagnosis(
        kind(
            f"the image {image} on the node",
            message,
            "push it, correct the ServingRuntime's image, or give the service account an "
            "imagePullSecret",
        ),
        waits=not gone,  # a registry that did not answer may answer at the kubelet's next attempt
    )


def _out_of_memory(pod: Object, container: str) -> PermanentError:
    containers = pod["spec"].get("containers", []) + pod["spec"].get("initContainers", [])
    found: Object = next((entry for entry in containers if entry["name"] == container), {})
    limit = found.get("resources", {}).get("limits", {}).get("memory", "its limit")
    remedy = (
        "raise memory in KServe's ClusterStorageContainer or inferenceservice-config"
        if container == _INITIALIZER
        else f"deploy with more memory ({spell('predictor_memory', '1Gi')} for example)"
    )
    return PermanentError(
        f"container {container} to run within {limit} of memory", "OOMKilled by the kernel", remedy
    )


def _explain_storage(pod: Object, status: Object, log: str, uri: str) -> Diagnosis:
    failure = read_failure(log)
    account = pod["spec"].get("serviceAccountName")
    expected = f"KServe's storage initializer to fetch {uri}"
    received = f"{failure.problem.value}: {failure.line}"
    where = (str(pod["metadata"]["name"]), _INITIALIZER)
    if failure.problem is StorageProblem.AWAY:
        remedy = "check that the storage is running and its endpoint is correct, then try again"
        return Diagnosis(TransientError(expected, received, remedy), True, *where)
    if failure.problem is StorageProblem.REFUSED:
        remedy = (
            f"allow ServiceAccount {account} to read that URI, through its Secret "
            "(viewfinder-storage in the manifests) or its workload identity"
        )
        return Diagnosis(PermanentError(expected, received, remedy), False, *where)
    if failure.problem is StorageProblem.MISSING:
        remedy = "publish the version there, or correct the endpoint in the storage Secret"
        return Diagnosis(PermanentError(expected, received, remedy), False, *where)
    remedy = "fix the problem named in that line and try again"
    waits = int(status.get("restartCount", 0)) + 1 < _CRASHES
    return Diagnosis(PermanentError(expected, received, remedy), waits, *where)


def _explain_crash(pod: Object, status: Object, ended: dict[str, Any], uri: str) -> Diagnosis:
    name, pod_name = str(status["name"]), str(pod["metadata"]["name"])
    message = str(ended.get("message", ""))
    if own := _OWN_SENTENCE.search(message):
        # The predictor itself reports what a version lacks, and would report it again.
        error = PermanentError(
            f"the predictor to serve {uri}",
            f"its refusal: {own['sentence'].strip()}",
            "correct the version's number or the model root, or publish the model again",
        )
        return Diagnosis(error)  # its log only repeats this
    exits = int(status.get("restartCount", 0)) + (1 if status["state"].get("terminated") else 0)
    error = PermanentError(
        f"container {name} to keep running",
        f"{exits} exits, the last with code {ended.get('exitCode')}",
        "see its log; a wrong image or wrong arguments in the ServingRuntime are usual causes",
    )
    return Diagnosis(error, waits=exits < _CRASHES, pod=pod_name, container=name)


def _explain_creation(message: str) -> ViewfinderError:
    """Explain why a ReplicaSet cannot create its pods."""
    if is_of_quota(message):
        return quota_error(message)
    if "violates PodSecurity" in message:
        # KServe ships its storage initializer without a security context.
        initializer = f'container "{_INITIALIZER}" must' in message
        return PermanentError(
            "a pod that the namespace's pod security standard admits",
            message,
            "give KServe's ClusterStorageContainer a securityContext"
            if initializer
            else "apply the ServingRuntime of manifests/base, which passes `restricted`",
        )
    if re.search(r'serviceaccount "[^"]*" not found', message):
        return PermanentError(
            "the predictor's ServiceAccount in the namespace",
            message,
            "apply manifests/base to that namespace, or name another ServiceAccount with "
            f"{spell('predictor_service_account', 'NAME')}",
        )
    if "failed calling webhook" in message:
        return TransientError(
            "a pod webhook that answers", message, "check that KServe's controller is running"
        )
    return PermanentError("a pod that the cluster admits", message, "change the setting it names")


def _diagnose_service(seen: Observation, applied: str) -> Diagnosis | None:
    """Return what KServe's controller complains about before any of our pods exist."""
    model = seen.service.get("status", {}).get("modelStatus", {})
    failure = model.get("lastFailureInfo") or {}
    if model.get("transitionStatus") == "InvalidSpec" and not seen.new_pods(applied):
        words = f"{failure.get('reason')}: {failure.get('message')}"
        remedy = "correct the ServingRuntime that it names"
        return Diagnosis(PermanentError("a specification that KServe accepts", words, remedy), True)
    predictor = seen.condition("PredictorReady")
    if predictor.get("reason") == "ReconcileFailed":
        words, remedy = str(predictor.get("message")), "correct the setting it names"
        error = PermanentError("KServe's controller to create the predictor", words, remedy)
        return Diagnosis(error, waits=True)  # it also fails when two controllers write at once
    return None
