"""Serve a published version on this machine, as the predictor's pod would."""

import os
from collections.abc import Sequence
from pathlib import Path

from viewfinder_components.checking.predictor import predictor_command
from viewfinder_components.errors import PermanentError, UsageError
from viewfinder_components.reports.formatting import plural, shorten
from viewfinder_components.storage.local_store import LocalStore
from viewfinder_components.storage.model_name import is_model_name
from viewfinder_components.storage.models import find_version as find_published
from viewfinder_components.storage.store import open_store
from viewfinder_components.storage.target import Target
from viewfinder_components.storage.version import MANIFEST, split_number
from viewfinder_pipelines.local.serving_process import run_predictor
from viewfinder_pipelines.settings.environment import Settings

_PUBLISH = "correct the name, name a version's folder, or publish one with `viewfinder run`"

_OWN_OPTIONS = {
    "--ready-file": "leave it out and read the URL from the line that this command prints, or run "
    "`python -m viewfinder_serving`, which takes it",
    "--model-dir": "name the version before --",
    "--model-name": "write --name before --",
    "--host": "write it before --",
    "--port": "write it before --",
}


def find_version(model_version: str, settings: Settings | None = None) -> Path:
    """Return the folder of a published version; one in a bucket is downloaded, once.

    Args:
        model_version: The path or `file://` URI of a version, or of a model's folder for its newest
            version; `MODEL` for the newest version of a model under this machine's model root,
            `MODEL/NUMBER`, or a URI of another model root followed by either.
        settings: Where the model root and the cache are.

    Raises:
        PermanentError: There is no such version.
        TransientError: The store does not answer.
    """
    settings = settings or Settings()
    if "://" in model_version and not model_version.startswith("file://"):
        target = Target.parse(model_version)
        return _fetch(target, target.root, settings, "correct the model's name in the URI")
    path = Path(os.path.expanduser(model_version.removeprefix("file://")))
    if (path / MANIFEST).is_file():
        return path.absolute()
    if _is_path(model_version):
        return _find_in_folder(path.absolute())
    target, root = Target.parse(model_version), str(settings.models)
    if path.is_dir() and not open_store(root).versions(target.model):
        return _find_in_folder(path.absolute())
    return _fetch(target, root, settings, _PUBLISH)


def _is_path(text: str) -> bool:
    """Return whether a text can only be a path, not `MODEL` or `MODEL/NUMBER`."""
    place, _ = split_number(text)
    return not is_model_name(place) or text.startswith("file://")


def _fetch(target: Target, root: str, settings: Settings, remedy: str) -> Path:
    store = open_store(root)
    version = find_published(store, target.model, target.number, root, remedy)
    return store.fetch(version, settings.cache)


def _find_in_folder(folder: Path) -> Path:
    """Return the newest version in a model's folder, or say what lies there instead."""
    if not folder.is_dir():
        raise PermanentError(
            f"a version or a model's folder at {folder}",
            "a file" if folder.exists() else "nothing there",
            "name the folder of a model or of a version, such as models/fruit/3",
        )
    beside = LocalStore(folder.parent)
    if is_model_name(folder.name) and (newest := beside.latest(folder.name)):
        return beside.fetch(newest, folder)
    if models := LocalStore(folder).models():
        raise PermanentError(
            f"a version or a model's folder at {folder}",
            f"a folder of {plural(len(models), 'model')}: {shorten(models)}",
            f"name {'it' if len(models) == 1 else 'one of them'}: {folder / models[0]}",
        )
    raise PermanentError(
        f"a version or a model's folder at {folder}",
        f"a folder without {MANIFEST}, in which no version lies either",
        "name the folder of a model or of a version, such as models/fruit/3",
    )


def _refuse_own_options(options: Sequence[str]) -> None:
    """Refuse what this command tells the predictor itself: it would be dropped without a word."""
    for option in options:
        name = option.partition("=")[0].replace("_", "-")
        if remedy := _OWN_OPTIONS.get(name):
            raise UsageError("options of the predictor after --", name, remedy)


def serve_version(
    model_version: str, host: str, port: int, name: str | None, options: Sequence[str] = ()
) -> int:
    """Serve until interrupted.

    Args:
        model_version: As for `find_version`.
        host: The address to listen at.
        port: The port; 0 for a free one.
        name: The model's name in the URLs; None for the published one.
        options: Further options of the predictor, as its command line takes them.

    Returns:
        The predictor's exit code.

    Raises:
        UsageError: An option that this command sets itself is among `options`.
        PermanentError: There is no such version.
        TransientError: The store does not answer.
    """
    _refuse_own_options(options)
    version = find_version(model_version)
    command = predictor_command(version, name or version.parent.name, host, port)

    def say_ready(url: str) -> None:
        print(f"serving {version} at {url}", flush=True)

    return run_predictor([*command, *options], say_ready)
