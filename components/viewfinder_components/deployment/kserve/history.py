"""A service's history in the cluster: a ConfigMap that belongs to the service.

Not in the InferenceService's annotations, which KServe passes on to the pods: each new entry would
restart them. The ReplicaSets do not show which versions served.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from viewfinder_components.deployment.history import Deed, Entry, History
from viewfinder_components.deployment.kserve.applied import read_number, read_uri
from viewfinder_components.deployment.kserve.apply import read_service
from viewfinder_components.deployment.kserve.service import MANAGED_BY, OWNER
from viewfinder_components.deployment.kubernetes.cluster import Cluster, Object
from viewfinder_components.deployment.kubernetes.refusals import ConflictError
from viewfinder_components.errors import PermanentError, TransientError

HISTORY_LABEL = "viewfinder.dev/history"
"""Label of the ConfigMaps; its value is the service's name."""
_CONFIG_MAPS = ("/api/v1", "configmaps")
_KEY = "deployments.json"
_KEPT = 50  # entries of about 1.5 kB each; a ConfigMap can hold 1 MiB
_TRIES = 10


def to_entry(applied: str, by: Deed, time: str = "") -> Entry:
    """Return the entry of a deployment.

    Args:
        applied: The service's `APPLIED` annotation.
        by: What caused it to serve.
        time: When; empty if unknown.

    Raises:
        KeyError, TypeError, ValueError: It is not such an annotation.
    """
    return Entry(read_number(applied), read_uri(applied), by, time, applied)


def read_history(cluster: Cluster, service: Object) -> History:
    """Return the history of a service; empty if none was written.

    Raises:
        PermanentError: It cannot be read, or somebody has overwritten it.
        TransientError: The API server does not answer.
    """
    name = service["metadata"]["name"]
    return parse_history(cluster.get(_path(cluster, name)), service["metadata"]["uid"])


def parse_history(found: Object | None, uid: str = "") -> History:
    """Parse a ConfigMap.

    Args:
        found: The ConfigMap, None if there is none.
        uid: The service's; the history of a deleted service of the same name does not count.
    """
    if found is None:
        return History()
    owners = found["metadata"].get("ownerReferences") or []
    if uid and uid not in [owner["uid"] for owner in owners]:
        return History()
    try:
        records = json.loads(found["data"][_KEY])
        entries = [_parse(record) for record in records]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        name = found["metadata"]["name"]
        raise PermanentError(
            f"a service's history in the ConfigMap {name}",
            f"something else ({type(error).__name__}: {error})",
            f"restore its content, or delete the ConfigMap {name} to start a new history",
        ) from error
    return History(tuple(entries))


def _parse(record: Mapping[str, str]) -> Entry:
    return to_entry(record["applied"], Deed(record["by"]), record["time"])


def remember(cluster: Cluster, name: str, applied: str, by: Deed, before: str | None) -> None:
    """Add a deployment to its service's history, unless it is already the last entry.

    Args:
        cluster: Where the service runs.
        name: The service.
        applied: The deployment's `APPLIED` annotation.
        by: What caused it to serve.
        before: The `APPLIED` annotation of what served until then: the first entry if there is no
            history, as for a service that an older Viewfinder deployed.

    Raises:
        PermanentError: Permission is missing, or the ConfigMap is not a history.
        TransientError: The API server does not answer, or others keep writing.
    """
    entry = to_entry(applied, by, datetime.now(UTC).isoformat(timespec="seconds"))
    for _ in range(_TRIES):
        service = read_service(cluster, name)
        if service is None:
            return
        found = cluster.get(_path(cluster, name))
        entries = parse_history(found, service["metadata"]["uid"]).entries
        if not entries and before:
            entries = (to_entry(before, Deed.DEPLOY),)
        if entries and entries[-1].applied == entry.applied:
            return
        try:
            _write(cluster, service, found, (*entries, entry)[-_KEPT:])
        except ConflictError as error:
            if not error.stale:
                raise
        else:
            return
    raise TransientError(
        f"the history of the service {name} to stay unchanged while it is written",
        "changes by others at every attempt",
        "try again",
    )


def _write(
    cluster: Cluster, service: Object, found: Object | None, entries: tuple[Entry, ...]
) -> None:
    """Write the history, unless it has changed since it was read."""
    name = service["metadata"]["name"]
    records = [
        {"applied": entry.applied, "time": entry.time, "by": entry.by.value} for entry in entries
    ]
    owner = {key: service[key] for key in ("apiVersion", "kind")}
    owner |= {key: service["metadata"][key] for key in ("name", "uid")}
    metadata = {
        "name": _name(name),
        "namespace": cluster.namespace,
        "labels": {MANAGED_BY: OWNER, HISTORY_LABEL: name},
        "ownerReferences": [owner],
    }
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "data": {_KEY: json.dumps(records, indent=1)},
    }
    if found is None:
        cluster.create(cluster.path(*_CONFIG_MAPS), body)
        return
    metadata["resourceVersion"] = found["metadata"]["resourceVersion"]
    cluster.apply(_path(cluster, name), body, force=True)


def list_histories(cluster: Cluster) -> dict[str, History]:
    """Return the histories of a namespace's services, by the service's name.

    Raises:
        PermanentError: They cannot be read, or one of them is not a history.
        TransientError: The API server does not answer.
    """
    found = cluster.list(cluster.path(*_CONFIG_MAPS), labelSelector=HISTORY_LABEL)
    return {one["metadata"]["labels"][HISTORY_LABEL]: parse_history(one) for one in found}


def _path(cluster: Cluster, name: str) -> str:
    return cluster.path(*_CONFIG_MAPS, _name(name))


def _name(service: str) -> str:
    return f"{service}-deployments"
