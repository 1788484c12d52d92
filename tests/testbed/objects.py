"""Create objects in a cluster, and wait until they are as wanted."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import urllib3
from kubernetes import client, config

from viewfinder_components.errors import TransientError

_LOOK_SECONDS = 0.2
_CALL_SECONDS = 10


class Cluster:
    """A cluster's API, as far as a test bed needs it.

    Args:
        kubeconfig: The file with the access to it.
    """

    def __init__(self, kubeconfig: Path) -> None:
        self._api = config.new_client_from_config(str(kubeconfig))
        self._plurals: dict[tuple[str, str], tuple[str, bool]] = {}

    def is_ready(self) -> bool:
        """Tell whether the API server answers and is ready."""
        try:
            self._call("GET", "/readyz")
        except (client.ApiException, urllib3.exceptions.HTTPError):
            return False
        return True

    def create(self, manifest: dict[str, Any]) -> None:
        """Create an object; one that exists already is left as it is.

        Raises:
            kubernetes.client.ApiException: The API server refused it, or knows no such kind yet.
        """
        path = self._path(manifest["apiVersion"], manifest["kind"], manifest["metadata"])
        try:
            self._call("POST", path, body=manifest)
        except client.ApiException as error:
            # an answer that was lost on its way made this a second try
            if json.loads(error.body or "{}").get("reason") != "AlreadyExists":
                raise

    def admits(self, manifest: dict[str, Any]) -> bool:
        """Tell whether the cluster would take an object, webhooks included; nothing is stored.

        Raises:
            kubernetes.client.ApiException: It would not.
        """
        path = self._path(manifest["apiVersion"], manifest["kind"], manifest["metadata"])
        self._call("POST", path, body=manifest, query_params=[("dryRun", "All")])
        return True

    def create_when_possible(self, manifests: list[dict[str, Any]], seconds: float) -> None:
        """Create objects; what a starting cluster refuses is tried again until the time is over.

        Raises:
            TransientError: One was refused to the end.
        """
        deadline = time.monotonic() + seconds
        for manifest in manifests:
            while (refusal := self._try_to_create(manifest)) is not None:
                if time.monotonic() > deadline or not _may_pass(refusal):
                    raise TransientError(
                        f"{manifest['kind']} {manifest['metadata']['name']} to be created",
                        _describe(refusal),
                        "look at the API server's log",
                    ) from refusal
                time.sleep(_LOOK_SECONDS)

    def _try_to_create(self, manifest: dict[str, Any]) -> Exception | None:
        try:
            self.create(manifest)
        except (client.ApiException, urllib3.exceptions.HTTPError) as error:
            refusal: Exception = error
            return refusal
        return None

    def is_served(self, definition: dict[str, Any]) -> bool:
        """Tell whether the API server knows what a custom resource definition defines."""
        spec = definition["spec"]
        for version in (one["name"] for one in spec["versions"] if one["served"]):
            found = self._call("GET", f"/apis/{spec['group']}/{version}")["resources"]
            if spec["names"]["kind"] not in [one["kind"] for one in found]:
                return False
        return True

    def node_is_ready(self) -> bool:
        """Tell whether the node takes pods."""
        nodes = client.CoreV1Api(self._api).list_node(_request_timeout=_CALL_SECONDS).items
        conditions = [condition for node in nodes for condition in node.status.conditions or []]
        return ("Ready", "True") in [(one.type, one.status) for one in conditions]

    def is_deployed(self, namespace: str, name: str) -> bool:
        """Tell whether a Deployment has every replica of its newest generation available."""
        found = client.AppsV1Api(self._api).read_namespaced_deployment(name, namespace)
        status = found.status
        return bool(
            status.observed_generation == found.metadata.generation
            and status.updated_replicas == status.available_replicas == found.spec.replicas
        )

    def why_not(self, namespace: str) -> str:
        """Return what a namespace's pods wait for or died of, in one line."""
        core = client.CoreV1Api(self._api)
        pods = [_describe_pod(pod) for pod in core.list_namespaced_pod(namespace).items]
        warnings = core.list_namespaced_event(namespace, field_selector="type=Warning").items
        return "; ".join([*(pods or ["no pods"]), *(event.message for event in warnings[-3:])])

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def _path(self, version: str, kind: str, metadata: dict[str, Any]) -> str:
        base = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if (version, kind) not in self._plurals:
            for found in self._call("GET", base)["resources"]:
                if "/" not in found["name"]:  # a subresource
                    self._plurals[version, found["kind"]] = found["name"], found["namespaced"]
        try:
            plural, namespaced = self._plurals[version, kind]
        except KeyError as error:
            raise client.ApiException(404, f"no {kind} in {version} yet") from error
        place = f"namespaces/{metadata['namespace']}/" if namespaced else ""
        return f"{base}/{place}{plural}"

    def _call(self, method: str, path: str, **options: Any) -> Any:
        return self._api.call_api(
            path,
            method,
            auth_settings=["BearerToken"],
            response_type="object",
            _return_http_data_only=True,
            _request_timeout=_CALL_SECONDS,
            **options,
        )


def wait_until(
    holds: Callable[[], bool], what: str, seconds: float, why_not: Callable[[], str] | None = None
) -> None:
    """Wait until a condition holds; an API server that does not answer means not yet.

    Args:
        holds: The condition.
        what: Its name, as in "the node to be ready".
        seconds: How long to wait.
        why_not: What to say when the time is over.

    Raises:
        TransientError: It did not hold in time.
    """
    deadline = time.monotonic() + seconds
    reason = "not yet"
    while True:
        try:
            if holds():
                return
        except (client.ApiException, urllib3.exceptions.HTTPError) as error:
            reason = _describe(error)
        if time.monotonic() > deadline:
            raise TransientError(
                f"{what} within {seconds:.0f} s", why_not() if why_not else reason, "read the logs"
            )
        time.sleep(_LOOK_SECONDS)


def _may_pass(error: Exception) -> bool:
    """Tell whether a refusal is one of a cluster that is still starting."""
    # 404: a kind that is not known yet; 409: another writer; 500: a webhook that does not answer
    status = getattr(error, "status", None)
    return status in (None, 0, 404, 409, 429) or status >= 500


def _describe(error: Exception) -> str:
    """Return the server's own sentence."""
    try:
        return str(json.loads(getattr(error, "body", ""))["message"])
    except (KeyError, TypeError, ValueError):
        return f"{type(error).__name__}: {str(error)[:300]}"


def _describe_pod(pod: Any) -> str:
    words = [pod.metadata.name, pod.status.phase]
    statuses = [*(pod.status.init_container_statuses or []), *(pod.status.container_statuses or [])]
    for status in statuses:
        for state in (status.state.waiting, status.state.terminated, status.last_state.terminated):
            if state:
                words.append(f"{status.name} {state.reason}: {state.message}")
    unmet = [one for one in pod.status.conditions or [] if one.status != "True" and one.message]
    return " ".join([*words, *(one.message for one in unmet)])
