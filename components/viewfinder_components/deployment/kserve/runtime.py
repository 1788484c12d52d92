"""The ServingRuntime that a service names: whether it exists, and what it serves."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from viewfinder_components.deployment.kubernetes.cluster import Cluster, Object
from viewfinder_components.errors import PermanentError
from viewfinder_components.spelling import spell

_RUNTIMES = "/apis/serving.kserve.io/v1alpha1"
OWN_FORMAT = "viewfinder"
"""Model format of a runtime that starts our predictor."""


@dataclass(frozen=True)
class Runtime:
    """What the deploy step needs to know about a runtime."""

    name: str
    model_format: dict[str, str]
    """`name` and, if the runtime states it, `version`."""

    @property
    def reports_version(self) -> bool:
        """Whether the service can be asked for its version, which only our predictor reports."""
        return self.model_format["name"] == OWN_FORMAT


def find_runtime(cluster: Cluster, name: str) -> Runtime:
    """Find a runtime in the namespace, or a cluster-wide one.

    Raises:
        PermanentError: There is none of that name, or it is disabled.
    """
    found = cluster.get(cluster.path(_RUNTIMES, "servingruntimes", name))
    if found is None:
        with suppress(PermanentError):  # reading cluster-wide ones is often not permitted
            found = cluster.get(f"{_RUNTIMES}/clusterservingruntimes/{name}")
    spec: dict[str, Any] = (found or {}).get("spec", {})
    formats = _formats(found)
    if spec.get("disabled") or not formats:
        state = "a disabled one" if spec.get("disabled") else "none"
        raise PermanentError(
            f"a ServingRuntime {name} in namespace {cluster.namespace}",
            state if found is None or spec.get("disabled") else "one without model formats",
            "apply manifests/base to that namespace, or name an existing one with "
            f"{spell('predictor_runtime', 'NAME')}",
        )
    own = [found for found in formats if found["name"] == OWN_FORMAT]
    return Runtime(name, (own or formats)[0])


def _formats(runtime: Object | None) -> list[dict[str, str]]:
    formats = (runtime or {}).get("spec", {}).get("supportedModelFormats") or []
    return [
        {key: str(entry[key]) for key in ("name", "version") if entry.get(key)} for entry in formats
    ]
