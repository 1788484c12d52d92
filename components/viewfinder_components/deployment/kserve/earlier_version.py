"""Which version a service goes back to, and how that version was deployed."""

from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.deployment.history import Entry, History, explain_missing
from viewfinder_components.deployment.kserve.applied import read_applied, read_config, read_uri
from viewfinder_components.deployment.kserve.apply import need_managed
from viewfinder_components.deployment.kserve.history import read_history
from viewfinder_components.deployment.kubernetes.cluster import Cluster, Object
from viewfinder_components.errors import PermanentError
from viewfinder_components.spelling import write_command


def find_earlier(cluster: Cluster, name: str, model: str, number: int) -> DeployConfig:
    """Return how the service's previous version, or one it ever served, was deployed.

    Args:
        cluster: Where the service runs.
        name: The service.
        model: The model that it serves.
        number: The version to return to; 0 for the previous one.

    Raises:
        PermanentError: There is no such service, or it has never served that version.
        TransientError: The API server does not answer.
    """
    service = need_managed(cluster, name, model)
    if service is None:
        raise PermanentError(
            f"an InferenceService {name} in namespace {cluster.namespace}",
            "none",
            f"deploy a version: `{write_command('deploy', f'{model}/NUMBER')}`",
        )
    history = read_history(cluster, service)
    entry = history.newest(number) if number else _before(history, service)
    if entry is None:
        raise explain_missing(history, name, model, number)
    return read_config(entry.applied, name, cluster.namespace)


def _before(history: History, service: Object) -> Entry | None:
    live = read_applied(service)
    return history.before(read_uri(live) if live else "")
