"""Which version a service goes back to."""

import json

from viewfinder_components.deployment.apply import read_applied, read_service
from viewfinder_components.deployment.cluster import Cluster, Object
from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.deployment.history import Deed, Entry, History, read_history
from viewfinder_components.deployment.service import MANAGED_BY, MODEL, OWNER, VERSION
from viewfinder_components.errors import PermanentError


def need_managed(cluster: Cluster, name: str, model: str) -> Object | None:
    """Return a service that Viewfinder manages for a model; None when there is none.

    Raises:
        PermanentError: It is somebody else's, or another model's.
    """
    service = read_service(cluster, name)
    if service is None:
        return None
    labels = service["metadata"].get("labels") or {}
    if (labels.get(MANAGED_BY), labels.get(MODEL)) != (OWNER, model):
        raise PermanentError(
            f"the InferenceService {name} in namespace {cluster.namespace} to be the one that "
            f"Viewfinder manages for the model {model}",
            f"labels {MANAGED_BY}={labels.get(MANAGED_BY)}, {MODEL}={labels.get(MODEL)}",
            "name the model it serves, or another service with --service-name",
        )
    return service


def find_earlier(cluster: Cluster, name: str, model: str, number: int = 0) -> Entry:
    """Return what a service served before, or a version that it served at any time.

    Args:
        cluster: Where.
        name: The service.
        model: The model that it serves.
        number: The version to go back to; 0 for the one before.

    Raises:
        PermanentError: There is no such service, or it has served no such version.
        TransientError: The API server does not answer.
    """
    service = need_managed(cluster, name, model)
    if service is None:
        raise PermanentError(
            f"an InferenceService {name} in namespace {cluster.namespace}",
            "none",
            f"deploy a version: viewfinder deploy {model}/NUMBER",
        )
    history = read_history(cluster, service)
    entry = history.newest(number) if number else _before(history, service)
    if entry is None:
        raise explain_missing(history, name, model, number)
    return entry


def _before(history: History, service: Object) -> Entry | None:
    live = read_applied(service)
    return history.before(Entry(live, "", Deed.DEPLOY).uri if live else "")


def explain_missing(history: History, name: str, model: str, number: int) -> PermanentError:
    """Return the error for a version that a service cannot go back to.

    Args:
        history: The service's.
        name: The service.
        model: The model that it serves.
        number: The version that is not in the history; 0 where there is none before the one that
            serves.
    """
    return PermanentError(
        (f"version {number}" if number else "an earlier version")
        + f" in the history of the service {name}",
        _describe(history, number),
        f"deploy the version you want: viewfinder deploy {model}/NUMBER",
    )


def _describe(history: History, number: int) -> str:
    """Return what a history has instead of the version that is looked for."""
    served = list(dict.fromkeys(str(entry.number) for entry in history.entries))
    if len(served) < 2:
        return f"version {served[0]} alone" if served else "an empty history"
    known = f"versions {', '.join(served)}"
    return known if number else f"{known}, none of them before {history.line()[-1].number}"


def read_config(entry: Entry, name: str, namespace: str) -> DeployConfig:
    """Return how a version was deployed.

    Args:
        entry: The deployment.
        name: The service.
        namespace: The service's namespace.
    """
    stored = json.loads(entry.applied)
    predictor = stored["spec"]["predictor"]
    size = predictor["model"]["resources"]["requests"]
    return DeployConfig(
        version_uri=entry.uri,
        version_number=int(stored["annotations"][VERSION]),
        model_name=stored["labels"][MODEL],
        namespace=namespace,
        service_name=name,
        predictor_service_account=predictor["serviceAccountName"],
        predictor_runtime=predictor["model"]["runtime"],
        min_replicas=predictor["minReplicas"],
        max_replicas=predictor["maxReplicas"],
        predictor_cpu=size["cpu"],
        predictor_memory=size["memory"],
    )
