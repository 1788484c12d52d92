"""Check the places that a local run reads and writes, before it starts.

The steps would find out by themselves, publish only after the training. Anything refused here
leaves no run behind. What a check needs is imported by that check: most refusals need little.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from viewfinder_components.photos.find import check_photos, list_photos
from viewfinder_components.storage.local_store import LocalStore
from viewfinder_components.storage.models import find_version
from viewfinder_components.storage.store import open_store
from viewfinder_components.training.weights import find_weights
from viewfinder_components.writing import need_writable


def anchor(location: str) -> str:
    """Make a relative path absolute: a run may be resumed from another working directory."""
    if not location or "://" in location:
        return location
    return str(Path(os.path.expanduser(location)).absolute())


def check_places(parameters: Mapping[str, Any], *, publishes: bool = True) -> None:
    """Check the places named by a run's parameters for what the steps will do there.

    Args:
        parameters: All of a pipeline's parameters, including defaults; a missing one names no
            place.
        publishes: Whether a version is to be published under the model root.

    Raises:
        PermanentError: There is nothing at `data`, no version can be published, no checkpoint can
            be written, or there are no weights or no corrections.
        TransientError: The store of the photos or of the model root does not answer.
    """
    if {"data", "layout"} <= parameters.keys():
        check_photos(parameters["data"], parameters["layout"])
    if corrections := parameters.get("corrections"):
        from viewfinder_components.validation.corrections import read_corrections

        read_corrections(corrections)
    if {"backbone", "weights"} <= parameters.keys():
        find_weights(parameters["backbone"], parameters["weights"])
    if publishes and {"model_root", "model_name"} <= parameters.keys():
        _check_model_root(parameters["model_root"], parameters["model_name"])
    if root := parameters.get("checkpoint_root"):
        need_writable(Path(root), "checkpoints", "set another checkpoint_root")


def check_prediction(parameters: Mapping[str, Any], publishes: bool) -> None:
    """Check the places of the predict step, as far as they are parameters of the pipeline.

    Args:
        parameters: The parameters of a pipeline with that step, including defaults.
        publishes: Whether the pipeline publishes the version itself.

    Raises:
        PermanentError: There are no photos or no such version, or the output cannot be written.
        TransientError: A store does not answer.
    """
    if "data" in parameters:
        next(list_photos(parameters["data"]), None)
    if not publishes and {"model_root", "model_name", "version"} <= parameters.keys():
        root = parameters["model_root"]
        find_version(open_store(root), parameters["model_name"], parameters["version"], root)
    if "output" in parameters:
        from viewfinder_components.prediction.outputs.output import open_output

        open_output(parameters["output"], Path()).check()


def _check_model_root(root: str, model: str) -> None:
    store = open_store(root)
    store.versions(model)  # the evaluation will ask for the newest
    if isinstance(store, LocalStore):
        need_writable(store.root / model, "published versions", "set another model_root")
