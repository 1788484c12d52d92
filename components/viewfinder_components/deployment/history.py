"""What has served behind a service, in the cluster: a ConfigMap that belongs to the service.

Not in the InferenceService's annotations, which KServe hands down to the pods: each new entry would
start them anew. The ReplicaSets do not tell which versions came to serve.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Self

from viewfinder_components.deployment.apply import read_service
from viewfinder_components.deployment.cluster import Cluster, Object
from viewfinder_components.deployment.refusals import ConflictError
from viewfinder_components.deployment.service import MANAGED_BY, OWNER, VERSION
from viewfinder_components.errors import PermanentError, TransientError

HISTORY_LABEL = "viewfinder.dev/history"
"""Label of the ConfigMaps; its value is the service's name."""
_CONFIG_MAPS = ("/api/v1", "configmaps")
_KEY = "deployments.json"
_KEPT = 50  # entries of some 1.5 kB; a ConfigMap holds 1 MiB
_TRIES = 10


class Deed(Enum):
    """What let a version serve."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"


@dataclass(frozen=True)
class Entry:
    """A deployment that came to serve."""

    applied: str
    """The service's `APPLIED` annotation, which holds all it takes to go back to it."""
    time: str
    """When, in UTC as ISO 8601; empty where it is not known."""
    by: Deed

    @classmethod
    def now(cls, applied: str, by: Deed) -> Self:
        """Return the entry of a deployment that serves since now."""
        return cls(applied, datetime.now(UTC).isoformat(timespec="seconds"), by)

    @classmethod
    def parse(cls, record: Mapping[str, str]) -> Self:
        """Read an entry back.

        Raises:
            KeyError, TypeError, ValueError: It is none.
        """
        entry = cls(record["applied"], record["time"], Deed(record["by"]))
        entry.number, entry.uri  # noqa: B018 - whether they can be read
        return entry

    @property
    def number(self) -> int:
        """The version's number."""
        return int(json.loads(self.applied)["annotations"][VERSION])

    @property
    def uri(self) -> str:
        """The version's URI, as KServe is given it, without a slash at its end."""
        uri: str = json.loads(self.applied)["spec"]["predictor"]["model"]["storageUri"]
        return uri.rstrip("/")


@dataclass(frozen=True)
class History:
    """The deployments of one service that came to serve, the oldest first."""

    entries: tuple[Entry, ...] = ()

    def line(self) -> list[Entry]:
        """Return the versions that led to the one that serves, the last one last.

        A rollback takes away what it went back over; deploying a version again with other settings
        takes the place of its last entry.
        """
        line: list[Entry] = []
        for entry in self.entries:
            places = [place for place, other in enumerate(line) if other.uri == entry.uri]
            if places and (entry.by is Deed.ROLLBACK or places[-1] == len(line) - 1):
                del line[places[-1] :]
            line.append(entry)
        return line

    def before(self, uri: str) -> Entry | None:
        """Return what served before a version that serves or was to; None when nothing did."""
        line = self.line()
        if line and line[-1].uri == uri.rstrip("/"):
            line.pop()
        return line[-1] if line else None

    def newest(self, number: int) -> Entry | None:
        """Return the last deployment of a version's number, None when it never served."""
        return next((entry for entry in reversed(self.entries) if entry.number == number), None)


def read_history(cluster: Cluster, service: Object) -> History:
    """Return the history of a service; empty when none was written.

    Raises:
        PermanentError: It cannot be read, or somebody has changed it to something else.
        TransientError: The API server does not answer.
    """
    name = service["metadata"]["name"]
    return parse_history(cluster.get(_path(cluster, name)), service["metadata"]["uid"])


def parse_history(found: Object | None, uid: str = "") -> History:
    """Take a ConfigMap apart.

    Args:
        found: The ConfigMap, None when there is none.
        uid: The service's; the history of a service that was deleted is not this one's.
    """
    if found is None:
        return History()
    owners = found["metadata"].get("ownerReferences") or []
    if uid and uid not in [owner["uid"] for owner in owners]:
        return History()
    try:
        records = json.loads(found["data"][_KEY])
        entries = [Entry.parse(record) for record in records]
    except (KeyError, TypeError, ValueError) as error:
        name = found["metadata"]["name"]
        raise PermanentError(
            f"a service's history in the ConfigMap {name}",
            f"something else ({type(error).__name__}: {error})",
            f"put back what was there, or delete the ConfigMap {name} to begin a new history",
        ) from error
    return History(tuple(entries))


def remember(cluster: Cluster, name: str, entry: Entry, before: str | None) -> None:
    """Add a deployment to its service's history, unless it is the last one there already.

    Args:
        cluster: Where.
        name: The service.
        entry: The deployment.
        before: What served until then by its `APPLIED` annotation: it begins a history that has
            none, as that of a service which an older Viewfinder deployed.

    Raises:
        PermanentError: No permission, or what is there is no history.
        TransientError: The API server does not answer, or others write all the time.
    """
    for _ in range(_TRIES):
        service = read_service(cluster, name)
        if service is None:
            return
        found = cluster.get(_path(cluster, name))
        entries = parse_history(found, service["metadata"]["uid"]).entries
        if not entries and before:
            entries = (Entry(before, "", Deed.DEPLOY),)
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
        f"the history of the service {name} to stay as it is for a moment",
        "others that change it all the time",
        "run it again",
    )


def _write(
    cluster: Cluster, service: Object, found: Object | None, entries: tuple[Entry, ...]
) -> None:
    """Write the history, unless it has changed since it was read."""
    name = service["metadata"]["name"]
    records = [asdict(entry) | {"by": entry.by.value} for entry in entries]
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
        PermanentError: They cannot be read, or one is something else.
        TransientError: The API server does not answer.
    """
    found = cluster.list(cluster.path(*_CONFIG_MAPS), labelSelector=HISTORY_LABEL)
    return {one["metadata"]["labels"][HISTORY_LABEL]: parse_history(one) for one in found}


def _path(cluster: Cluster, name: str) -> str:
    return cluster.path(*_CONFIG_MAPS, _name(name))


def _name(service: str) -> str:
    return f"{service}-deployments"
