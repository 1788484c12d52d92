"""What tests do to a real cluster behind Kubeflow's back: look at pods, kill them, fill a quota."""

import json
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.fixtures.waiting import wait_for
from tests.testbed.programs import find_kubectl

_NAMESPACE = "kubeflow"


def kubectl(*arguments: str) -> str:
    """Run kubectl against KUBECONFIG, in Kubeflow Pipelines' namespace."""
    return subprocess.run(
        [find_kubectl(), "--request-timeout=20s", "-n", _NAMESPACE, *arguments],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def pods_of(run_id: str) -> list[dict[str, Any]]:
    """Return the pods of a run that there are now."""
    listed = kubectl("get", "pods", "-l", f"pipeline/runid={run_id}", "-o", "json")
    return list(json.loads(listed)["items"])


def delete_pods(run_id: str) -> None:
    """Delete every pod of a run, as Argo does some time after its end."""
    kubectl("delete", "pods", "-l", f"pipeline/runid={run_id}", "--wait=true")


def kill_pod(run_id: str, step: str) -> str:
    """Kill the pod in which a step's code runs, as soon as it does, and return its uid."""
    pod = _wait_for_pod(run_id, step)
    kubectl("delete", "pod", pod["name"], "--grace-period=0", "--force")
    return str(pod["uid"])


@contextmanager
def full_quota(resource: str) -> Iterator[None]:
    """Forbid pods that ask for a resource which only this test's pods ask for."""
    name = f"full-{uuid.uuid4().hex[:6]}"
    kubectl("create", "quota", name, f"--hard=requests.{resource}=0")
    try:
        yield
    finally:
        kubectl("delete", "quota", name)


def _wait_for_pod(run_id: str, step: str) -> dict[str, Any]:
    def running() -> list[dict[str, Any]]:
        return [pod["metadata"] for pod in pods_of(run_id) if _runs(pod, step)]

    return wait_for(running, f"a pod that runs {step}", 600, pause=1)[0]


def _runs(pod: dict[str, Any], step: str) -> bool:
    command = json.dumps(pod["spec"], separators=(",", ":"))
    return (
        f'"--function_to_execute","{step}"' in command
        and "system-container-impl" in pod["metadata"]["name"]
        and pod["status"]["phase"] == "Running"
    )
