"""List and remove published versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from viewfinder.arguments import Positive, checked
from viewfinder_components.errors import PermanentError, UsageError
from viewfinder_components.spelling import spell, write_command
from viewfinder_components.storage.version import Version, split_number
from viewfinder_pipelines.settings.environment import Settings

__all__ = ["Pruning", "Version", "list_models", "list_versions", "prune_versions", "split_number"]


@dataclass(frozen=True)
class Pruning:
    """The result of pruning a model's versions."""

    kept: tuple[Version, ...]
    removed: tuple[Version, ...]
    unmanaged: dict[Version, str]
    """Old versions that were not removed, and why."""
    needed: dict[int, str]
    """Why versions are still needed, by number."""


@checked
def list_models(
    *, model_root: str | Path | None = None, home: str | Path | None = None
) -> list[str]:
    """Return the names of the models that have a published version, sorted; at least one.

    Args:
        model_root: Where versions are published; None for this machine's.
        home: As for `run`.

    Raises:
        PermanentError: There is none.
        TransientError: The store does not answer.
    """
    from viewfinder_components.storage.store import open_store

    root = str(model_root or Settings.at(home).models)
    if models := open_store(root).models():
        return models
    raise PermanentError(
        f"published models under {root}",
        "none",
        f"publish one with `{write_command('run', '--data', 'PHOTOS')}`, or name another "
        f"{spell('model_root')}",
    )


@checked
def list_versions(
    model: str | Path, *, model_root: str | Path | None = None, home: str | Path | None = None
) -> list[Version]:
    """Return the published versions of a model, the newest last.

    Args:
        model: `MODEL`, or `MODEL/NUMBER` for one version, or a URI of a model root followed by
            either.
        model_root: Where versions are published; None for this machine's.
        home: As for `run`.

    Raises:
        PermanentError: There is no such model or version.
        TransientError: The store does not answer.
    """
    from viewfinder_components.storage.models import find_version, find_versions
    from viewfinder_components.storage.store import open_store
    from viewfinder_components.storage.version_name import VersionName

    named = VersionName.parse(str(model))
    root = named.root or str(model_root or Settings.at(home).models)
    store = open_store(root)
    if named.number:
        return [find_version(store, named.model, named.number, root)]
    return list(find_versions(store, named.model, root))


@checked
def prune_versions(
    model: str,
    *,
    model_root: str | Path | None = None,
    keep: Positive = 3,
    served: Sequence[str | int] = (),
    namespaces: Sequence[str] = (),
    nothing_served: bool = False,
    dry_run: bool = False,
    home: str | Path | None = None,
) -> Pruning:
    """Remove old versions of a model, never one that is known to be served.

    Args:
        model: The model's name.
        model_root: Where versions are published; None for this machine's.
        keep: How many of the newest versions to keep.
        served: Numbers or URIs of versions to keep.
        namespaces: Namespaces; the versions they serve or could roll back to are kept.
        nothing_served: Nothing older than the newest is served; with `namespaces`, accept that none
            of them serves a version of the model.
        dry_run: Remove nothing, and return what would be removed.
        home: As for `run`.

    Raises:
        UsageError: A string was passed instead of a list, or nothing says what is served.
        PermanentError: The model, a version or a namespace does not exist, or a permission is
            missing; nothing was removed.
        TransientError: The store or the cluster does not answer.
    """
    from viewfinder_pipelines.deployments.pruning import Retention, prune

    stays, namespaces = tuple(map(str, served)), tuple(namespaces)
    if not (stays or namespaces or nothing_served):
        raise UsageError(
            "what is served: namespaces, served or nothing_served",
            "none of them",
            "name the namespaces whose services may serve the model, or set nothing_served=True",
        )
    root = str(model_root or Settings.at(home).models)
    wanted = Retention(model, root, keep, stays, namespaces, nothing_served)
    done, needed = prune(wanted, dry_run=dry_run)
    return Pruning(tuple(done.kept), tuple(done.removed), dict(done.unmanaged), needed)
