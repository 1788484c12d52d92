"""Start a pod, wait for it to end and report the result."""

import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from viewfinder_components.deployment.kubernetes.cluster import Object
from viewfinder_components.errors import PermanentError, TransientError, ViewfinderError
from viewfinder_pipelines.doctor.install import Install
from viewfinder_pipelines.pipeline.platform import PodSettings

_POLL_SECONDS = 0.5
_PULL_FAILURES = {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"}
_START_FAILURES = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
_TEMPORARY = "/tmp"  # noqa: S108  (in the pod)


@dataclass(frozen=True)
class PodTask:
    """The task of a pod."""

    image: str
    """The container image."""

    command: tuple[str, ...]
    """The command; if it fails, the result is the end of its output."""

    account: str
    """The ServiceAccount."""

    settings: PodSettings = field(default_factory=PodSettings)
    """The settings file's values for such a pod: environment, secrets, volumes, nodes."""

    env: tuple[Object, ...] = ()
    """Additional environment variables, as in a pod's specification."""


@dataclass(frozen=True)
class Outcome:
    """How a pod ended."""

    exit_code: int
    output: str
    """The end of its log, up to 2 kB; empty if the exit code is 0."""


def run_pod(install: Install, task: PodTask) -> Outcome:
    """Run a pod to its end and remove it.

    Raises:
        UnseenError: We may not create pods.
        PermanentError: It cannot be started.
        TransientError: It did not end in time, or there is no room for it.
    """
    name = f"viewfinder-doctor-{uuid.uuid4().hex[:8]}"
    path = install.core("pods", name)
    pod = make_pod(name, task)
    # If nothing is left to remove it, it ends by itself.
    pod["spec"]["activeDeadlineSeconds"] = int(install.config.pod_seconds) + 60
    install.create(install.core("pods"), pod, "a pod")
    try:
        return _await_end(install, path, task)
    finally:
        install.delete(path)


def _await_end(install: Install, path: str, task: PodTask) -> Outcome:
    deadline = time.monotonic() + install.config.pod_seconds
    while True:
        pod = install.read(path, "pods") or {}
        status = _container_status(pod)
        if ended := status.get("state", {}).get("terminated"):
            return Outcome(int(ended["exitCode"]), str(ended.get("message", "")).strip())
        if error := _find_failure(pod, status, task):
            raise error
        if time.monotonic() > deadline:
            raise TransientError(
                f"a pod of {task.image} to end within {install.config.pod_seconds:g} s",
                _describe(pod, status),
                "try again, or see kubectl describe pod while it runs",
            )
        time.sleep(_POLL_SECONDS)


def _container_status(pod: Object) -> Object:
    return next(iter(pod.get("status", {}).get("containerStatuses") or []), {})


def _find_failure(pod: Object, status: Object, task: PodTask) -> ViewfinderError | None:
    waiting = status.get("state", {}).get("waiting") or {}
    message = str(waiting.get("message") or waiting.get("reason"))
    if waiting.get("reason") in _PULL_FAILURES:
        return explain_pull(task, str(waiting["reason"]), message)
    if waiting.get("reason") in _START_FAILURES:
        remedy = "correct the settings file, or create what it refers to"
        return PermanentError(f"a pod of {task.image} to start", message, remedy)
    for condition in pod.get("status", {}).get("conditions") or []:
        if condition.get("reason") == "Unschedulable":
            return TransientError(
                "room for a small pod on a node",
                str(condition.get("message")),
                "add a node, or correct node_selector and tolerations in the settings file",
            )
    return None


def explain_pull(task: PodTask, reason: str, message: str) -> ViewfinderError:
    """Explain why an image is missing, and what to do about it."""
    text = message.lower()
    if reason == "InvalidImageName":
        remedy = "correct its name"
    elif reason == "ErrImageNeverPull":
        remedy = "load it onto the nodes, or allow it to be pulled"
    elif "no such host" in text or "dial tcp" in text or "i/o timeout" in text:
        remedy = "check that the nodes can reach the registry, and that its name is correct"
    elif "unauthorized" in text or "denied" in text or "authentication" in text or "403" in text:
        remedy = f"add an imagePullSecret to ServiceAccount {task.account}, or correct the name"
    else:
        remedy = (
            "push it (docker build --target, docker push), or set the name of an existing image"
        )
    return PermanentError(f"the image {task.image} to be pulled", message, remedy)


def _describe(pod: Object, status: Object) -> str:
    state = status.get("state") or {}
    reason = next((entry.get("reason") for entry in state.values() if entry.get("reason")), "")
    return " ".join(
        filter(None, [str(pod.get("status", {}).get("phase", "gone")), str(reason or "")])
    )


def make_pod(name: str, task: PodTask) -> Object:
    """Return a pod that meets the pod security standard `restricted`."""
    given = task.settings
    volumes, mounts = _volumes(given)
    secrets = [_secret_variable(secret.name, key, variable)
               for secret in given.secrets for key, variable in secret.env.items()]  # fmt: skip
    container: dict[str, Any] = {
        "name": "doctor",
        "image": task.image,
        "command": list(task.command),
        "env": [*({"name": k, "value": v} for k, v in given.env.items()), *secrets, *task.env],
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": _TEMPORARY}, *mounts],
    }
    if given.pull_policy:
        container["imagePullPolicy"] = given.pull_policy
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "labels": {
                "app.kubernetes.io/managed-by": "viewfinder",
                # A sidecar would keep the pod from ending.
                "sidecar.istio.io/inject": "false",
            },
        },
        "spec": {
            "serviceAccountName": task.account,
            "restartPolicy": "Never",
            "containers": [container],
            "volumes": [{"name": "tmp", "emptyDir": {}}, *volumes],
            "nodeSelector": dict(given.node_selector),
            "tolerations": [dict(toleration) for toleration in given.tolerations],
            "imagePullSecrets": [{"name": secret} for secret in given.pull_secrets],
        },
    }


def _volumes(given: PodSettings) -> tuple[list[Object], list[Object]]:
    volumes, mounts = [], []
    for number, volume in enumerate(given.volumes):
        name = f"claim-{number}"
        volumes.append({"name": name, "persistentVolumeClaim": {"claimName": volume.claim}})
        mounts.append({"name": name, "mountPath": volume.mount_path})
    return volumes, mounts


def _secret_variable(secret: str, key: str, variable: str) -> Object:
    return {"name": variable, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}
