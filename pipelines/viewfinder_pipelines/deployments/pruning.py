"""Remove old versions of a model, but none that is served, and none while that is uncertain."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from viewfinder_components.deployment.kserve.storage_uri import to_kserve_uri
from viewfinder_components.deployment.kubernetes.cluster import Cluster
from viewfinder_components.errors import PermanentError
from viewfinder_components.spelling import spell
from viewfinder_components.storage.location import BUCKET_SCHEMES
from viewfinder_components.storage.models import find_versions
from viewfinder_components.storage.retention import Pruning, RetentionRule, prune_versions
from viewfinder_components.storage.store import open_store
from viewfinder_components.storage.version import Version, parse_number
from viewfinder_pipelines.deployments.served import find_elsewhere, find_served


@dataclass(frozen=True)
class Retention:
    """The user's rules for a model's versions."""

    model: str
    model_root: str
    keep: int = 3
    """How many of the newest versions to keep."""
    served: tuple[str, ...] = ()
    """Numbers or URIs of versions to keep."""
    namespaces: tuple[str, ...] = ()
    """Namespaces whose served versions are kept."""
    nothing_served: bool = False
    """Whether a namespace may serve no version of the model."""


def prune(wanted: Retention, *, dry_run: bool = False) -> tuple[Pruning, dict[int, str]]:
    """Remove old versions.

    Args:
        wanted: What to keep.
        dry_run: Remove nothing, and report what would be removed.

    Returns:
        What was done; and by number, why a version is still needed.

    Raises:
        PermanentError: The model, a version or a namespace does not exist, a namespace serves no
            version of the model, or a permission is missing; nothing was removed.
        TransientError: The store or the cluster does not answer.
    """
    told = RetentionRule(wanted.keep, frozenset(wanted.served))
    published = find_versions(open_store(wanted.model_root), wanted.model, wanted.model_root)
    versions = {version.number: version for version in published}
    for entry in wanted.served:
        _need_known(entry, wanted, versions)
    found = _ask_cluster(wanted, versions) if wanted.namespaces else {}
    rule = replace(told, served=frozenset({*told.served, *found}))
    done = prune_versions(wanted.model_root, wanted.model, rule, dry_run=dry_run)
    return done, {_number(uri): reason for uri, reason in found.items()}


def _need_known(entry: str, wanted: Retention, versions: Mapping[int, Version]) -> None:
    """Refuse names of nonexistent versions: a misspelt version would otherwise be lost."""
    folder, _, last = entry.strip().rstrip("/").rpartition("/")
    ours = folder in ("", wanted.model) or folder.endswith(f"/{wanted.model}")
    if ours and parse_number(last) in versions:
        return
    known = ", ".join(map(str, sorted(versions))) or "none"
    raise PermanentError(
        f"{spell('served')} to name a version of {wanted.model} at {wanted.model_root} ({known})",
        repr(entry),
        f"nothing was removed: correct the number, {spell('model_root')} or the model's name",
    )


def _ask_cluster(wanted: Retention, versions: Mapping[int, Version]) -> dict[str, str]:
    """Return what is served, by URI, with the reason for keeping it."""
    served: dict[str, str] = {}
    for namespace in wanted.namespaces:
        with Cluster.connect(namespace) as cluster:
            found = find_served(cluster, wanted.model)
            if not wanted.nothing_served:
                _need_service(found, wanted, versions, cluster)
            elsewhere = find_elsewhere(cluster, wanted.model)
        may = {uri: why for uri, why in elsewhere.items() if _may_be(uri, versions)}
        served = {**may, **served, **found}
    return served


def _need_service(
    found: Mapping[str, str], wanted: Retention, versions: Mapping[int, Version], cluster: Cluster
) -> None:
    """Refuse a namespace that serves none of these versions: it may be the wrong one."""
    if any(_may_be(uri, versions) for uri in found):
        return
    others = ", ".join(sorted(found))
    raise PermanentError(
        f"namespace {cluster.namespace} on the cluster at {cluster.configuration.host} to serve a "
        f"version of {wanted.model} that is at {wanted.model_root}",
        f"only {others}" if others else "no service of that model",
        f"nothing was removed: correct {spell('namespaces')}, {spell('model_root')} or "
        f"KUBECONFIG; if no version is served there, add {spell('nothing_served', True)}",
    )


def _may_be(uri: str, versions: Mapping[int, Version]) -> bool:
    """Whether another namespace may be serving one of these versions.

    Different places in buckets are different; a claim or a folder may be the same place under
    another name.
    """
    version = versions.get(_number(uri))
    if version is None:
        return False
    in_buckets = uri.startswith(BUCKET_SCHEMES) and version.uri.startswith(BUCKET_SCHEMES)
    return not in_buckets or to_kserve_uri(uri) == to_kserve_uri(version.uri)


def _number(uri: str) -> int:
    return int(uri.rstrip("/").rpartition("/")[2])
