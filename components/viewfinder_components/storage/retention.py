"""Which versions to keep, and which to remove."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from viewfinder_components.errors import ParameterError, UsageError, ViewfinderError
from viewfinder_components.storage.objects import ObjectError
from viewfinder_components.storage.store import open_store
from viewfinder_components.storage.version import Version, parse_number

_GONE = "it is gone"


@dataclass(frozen=True)
class RetentionRule:
    """What to keep of a model's versions."""

    keep: int = 3
    """How many of the newest versions to keep; at least 1."""
    served: frozenset[str] = frozenset()
    """What is being served, which is kept however old it is: numbers, or URIs that end in
    `<model>/<number>`, whatever the root is called."""

    def __post_init__(self) -> None:
        if self.keep < 1:
            raise ParameterError("keep", "a whole number of at least 1", self.keep)
        for entry in self.served:
            _parse_served(entry)

    def candidates(self, model: str, versions: Iterable[Version]) -> list[Version]:
        """Return the versions of `model` to remove, oldest first."""
        served = self._served_numbers(model)
        return [
            version for version in sorted(versions)[: -self.keep] if version.number not in served
        ]

    def _served_numbers(self, model: str) -> set[int]:
        parsed = map(_parse_served, self.served)
        return {
            number
            for folder, number in parsed
            if folder in ("", model) or folder.endswith(f"/{model}")
        }


def _parse_served(entry: str) -> tuple[str, int]:
    """Return the folder and the number of a version that is being served.

    Raises:
        UsageError: It is neither a number nor a version's URI: nothing may be removed while it is
            unclear what is being served.
    """
    folder, _, last = entry.strip().rstrip("/").rpartition("/")
    number = parse_number(last)
    if number is None:
        raise UsageError(
            "numbers or URIs of the versions that are served",
            repr(entry),
            "write 3 or s3://models/fruit/3 for example",
        )
    return folder, number


@dataclass(frozen=True)
class Pruning:
    """What was done, or would be done in a dry run."""

    kept: tuple[Version, ...]
    removed: tuple[Version, ...]
    unmanaged: dict[Version, str] = field(default_factory=dict)
    """Versions that were to be removed but are not ours, with the reason; they are kept."""


def prune_versions(
    model_root: str, model: str, rule: RetentionRule, *, dry_run: bool = False
) -> Pruning:
    """Remove the old versions of a model.

    The newest version is never removed, nor what is served, nor what another program created.
    Readers see a version complete or not at all, whenever this is interrupted. What a concurrent
    prune removes is neither kept nor removed.

    Args:
        model_root: As for `store.open_store`.
        model: The model's name.
        rule: What to keep.
        dry_run: Remove nothing, and report what would be removed.

    Raises:
        PermanentError: The rule or the root is invalid, or a permission is missing.
        TransientError: The store does not answer.
    """
    store = open_store(model_root)
    versions = store.versions(model)
    removed, unmanaged, gone = [], {}, []
    for version in rule.candidates(model, versions):
        try:
            reason = store.reason_to_keep(model, version)
            if not (reason or dry_run):
                store.remove(model, version)
        except ViewfinderError as error:
            if not _is_overtaken(error) or version in store.versions(model):
                raise
            reason = _GONE
        if not reason:
            removed.append(version)
        elif version in store.versions(model):
            unmanaged[version] = reason
        else:  # another prune was faster
            gone.append(version)
    kept = tuple(version for version in versions if version not in (*removed, *gone))
    return Pruning(kept, tuple(removed), unmanaged)


def _is_overtaken(error: ViewfinderError) -> bool:
    """Whether a version no longer existed, rather than a permission or the store failing.

    A removal that lost its permission halfway has left files that nobody would look for.
    """
    cause = error.__cause__
    missing = isinstance(cause, FileNotFoundError) or (
        isinstance(cause, ObjectError) and cause.kind == "missing"
    )
    return cause is None or missing
