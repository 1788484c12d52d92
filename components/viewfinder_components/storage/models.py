"""Find a model's versions under a model root, or report which models exist instead."""

from difflib import get_close_matches

from viewfinder_components.errors import PermanentError
from viewfinder_components.spelling import spell
from viewfinder_components.storage.store import Store
from viewfinder_components.storage.version import Version

_MOST_NAMED = 10


def find_version(store: Store, model: str, number: int, root: str, remedy: str = "") -> Version:
    """Return one complete version of a model.

    Args:
        store: The model root.
        model: The model's name.
        number: Which version; 0 for the newest.
        root: The user's name for the model root, for the error.
        remedy: What to do if there is no such model; empty for correcting the name.

    Raises:
        PermanentError: There is none; the message names the existing models or versions.
        TransientError: The store does not answer.
    """
    versions = find_versions(store, model, root, remedy)
    if not number:
        return versions[-1]
    for version in versions:
        if version.number == number:
            return version
    known = _enumerate([str(version.number) for version in reversed(versions)])
    raise PermanentError(
        f"a published version {number} of {model} under {root}",
        f"only {known} there",
        f"name one of these, or {model} for the newest",
    )


def find_versions(store: Store, model: str, root: str, remedy: str = "") -> list[Version]:
    """Return the complete versions of a model, ascending; at least one.

    Args:
        store: The model root.
        model: The model's name.
        root: The user's name for the model root, for the error.
        remedy: What to do if there is no such model; empty for correcting the name.

    Raises:
        PermanentError: There is none; the message names the existing models.
        TransientError: The store does not answer.
    """
    if versions := store.versions(model):
        return versions
    models = store.models()
    if model in models:
        raise PermanentError(
            f"a published version of {model} under {root}",
            "only unfinished ones",
            "wait until it is published, or publish it again",
        )
    near = get_close_matches(model, models, n=1)
    raise PermanentError(
        f"a published version of {model} under {root}",
        f"only {_enumerate(models)} there" if models else "no model there",
        f"did you mean {near[0]}?"
        if near
        else remedy or f"correct the name or {spell('model_root')}",
    )


def _enumerate(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
