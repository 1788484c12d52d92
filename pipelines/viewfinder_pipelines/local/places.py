"""Look at the places that a run on this machine reads and writes, before it begins.

The steps would find out by themselves, those that publish only after the training. What is refused
here leaves no run behind.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from viewfinder_components.errors import PermanentError
from viewfinder_components.foreign_errors import explain_foreign
from viewfinder_components.photos.find import check_photos
from viewfinder_components.storage.local_store import LocalStore
from viewfinder_components.storage.store import open_store
from viewfinder_components.training.weights import find_weights


def anchor(location: str) -> str:
    """Make a relative path absolute: a run may be resumed from another working directory."""
    if not location or "://" in location:
        return location
    return str(Path(os.path.expanduser(location)).absolute())


def check_places(parameters: Mapping[str, Any]) -> None:
    """Hold the places that a run's parameters name to what the steps will do there.

    Args:
        parameters: All of the pipeline's parameters, defaults included.

    Raises:
        PermanentError: There is nothing at `data`, no version can be published, no checkpoint
            written, or there are no weights.
        TransientError: The store of the photos or of the model root does not answer.
    """
    check_photos(parameters["data"], parameters["layout"])
    find_weights(parameters["backbone"], parameters["weights"])
    store = open_store(parameters["model_root"])
    store.versions(parameters["model_name"])  # the evaluation will ask for the newest
    if isinstance(store, LocalStore):
        _need_writable("model_root", store.root / parameters["model_name"])
    if root := parameters["checkpoint_root"]:
        _need_writable("checkpoint_root", Path(root))


def _need_writable(name: str, folder: Path) -> None:
    """Try to write where a folder is, or will be made; nothing stays behind."""
    nearest = next(path for path in (folder, *folder.parents) if path.is_symlink() or path.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        explained = explain_foreign(error)
        raise PermanentError(
            f"{name} to be a folder that can be written, or made, at {folder}",
            explained.received if explained else str(error),
            f"make it a folder that you may write to, or set another {name}",
        ) from error
