"""The ServingRuntime that a service names: what it serves, and whether it is there."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from viewfinder_components.deployment.cluster import Cluster, Object
from viewfinder_components.errors import PermanentError

_RUNTIMES = "/apis/serving.kserve.io/v1alpha1"
OWN_FORMAT = "viewfinder"
"""Model format of a runtime that starts our predictor."""


@dataclass(frozen=True)
class Runtime:
    """What the deploy step needs to know about a runtime."""

    name: str
    model_format: dict[str, str]
    """`name` and, where the runtime says it, `version`."""

    @property
    def reports_version(self) -> bool:
        """Whether the served version can be asked for: our own predictor tells it."""
        return self.model_format["name"] == OWN_FORMAT


def find_runtime(cluster: Cluster, name: str) -> Runtime:
    """Find a runtime in the namespace, or one of the whole cluster.

    Raises:
        PermanentError: There is none of this name, or it is disabled.
    """
    found = cluster.get(cluster.path(_RUNTIMES, "servingruntimes", name))
    if found is None:
        with suppress(PermanentError):  # reading those of the cluster is often not permitted
            found = cluster.get(f"{_RUNTIMES}/clusterservingruntimes/{name}")
    spec: dict[str, Any] = (found or {}).get("spec", {})
    formats = _formats(found)
    if spec.get("disabled") or not formats:
        state = "a disabled one" if spec.get("disabled") else "none"
        raise PermanentError(
            f"a ServingRuntime {name} in namespace {cluster.namespace}",
            state if found is None or spec.get("disabled") else "one without model formats",
            "apply manifests/base to that namespace, or name one that is there with "
            "--set predictor_runtime=NAME",
        )
    own = [found for found in formats if found["name"] == OWN_FORMAT]
    return Runtime(name, (own or formats)[0])


def _formats(runtime: Object | None) -> list[dict[str, str]]:
    formats = (runtime or {}).get("spec", {}).get("supportedModelFormats") or []
    return [
        {key: str(entry[key]) for key in ("name", "version") if entry.get(key)} for entry in formats
    ]
