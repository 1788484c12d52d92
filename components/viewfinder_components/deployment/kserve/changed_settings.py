"""Which of a service's settings a deployment changes; those of earlier ones are not kept."""

from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.deployment.kserve.applied import read_applied, read_config
from viewfinder_components.deployment.kubernetes.cluster import Object

_RECORDED = (
    "predictor_cpu",
    "predictor_memory",
    "min_replicas",
    "max_replicas",
    "predictor_runtime",
    "predictor_service_account",
)
"""The parameters that the InferenceService records."""


def find_changed_settings(service: Object, config: DeployConfig) -> list[str]:
    """Return the parameters that differ from the service's, as in `predictor_cpu 1 (was 500m)`.

    Args:
        service: The InferenceService as it is; empty if there is none.
        config: What will be deployed.
    """
    live = read_applied(service)
    if live is None:
        return []
    try:
        before = read_config(live, config.name, config.namespace)
    except (KeyError, TypeError, ValueError, RecursionError):
        return []  # another version of Viewfinder wrote it
    pairs = {name: (getattr(before, name), getattr(config, name)) for name in _RECORDED}
    return [f"{name} {new} (was {old})" for name, (old, new) in pairs.items() if old != new]
