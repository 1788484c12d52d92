"""Find a model's versions under a model root, or say which models there are instead."""

from difflib import get_close_matches

from viewfinder_components.errors import PermanentError
from viewfinder_components.storage.store import Store
from viewfinder_components.storage.version import Version

_MOST_NAMED = 10


def find_versions(store: Store, model: str, root: str) -> list[Version]:
    """Return the complete versions of a model, rising; at least one.

    Args:
        store: The model root.
        model: The model's name.
        root: What the user calls the model root, for the error.

    Raises:
        PermanentError: There is none; the message names the models that there are.
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
        f"did you mean {near[0]}?" if near else "correct the name or --model-root",
    )


def _enumerate(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
