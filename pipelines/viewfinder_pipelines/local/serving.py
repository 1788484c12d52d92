"""Serve a published version on this machine, as the predictor's pod would."""

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from viewfinder_components.checking.predictor import predictor_command
from viewfinder_components.errors import PermanentError, UsageError
from viewfinder_components.printable import make_printable
from viewfinder_components.reports.formatting import plural, shorten
from viewfinder_components.spelling import spell, write_command
from viewfinder_components.storage.local_store import LocalStore
from viewfinder_components.storage.model_name import SERVED_RULE, is_model_name, is_served_name
from viewfinder_components.storage.models import find_version as find_published
from viewfinder_components.storage.store import open_store
from viewfinder_components.storage.version import MANIFEST, split_number
from viewfinder_components.storage.version_name import VersionName
from viewfinder_components.writing import HOME, writing
from viewfinder_pipelines.local.serving_process import run_predictor
from viewfinder_pipelines.settings.environment import Settings

_ELSEWHERE = "set VIEWFINDER_HOME to the .viewfinder of the folder in which it was trained"
_OWN_OPTIONS = {
    "--ready-file": "omit it and read the URL from the line that this command prints, or run "
    f"`{shlex.quote(sys.executable)} -m viewfinder_serving`, which accepts it",
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
        named = VersionName.parse(model_version)
        return _fetch(named, named.root, settings, "correct the model's name in the URI")
    path = Path(os.path.expanduser(model_version.removeprefix("file://")))
    if (path / MANIFEST).is_file():
        return path.absolute()
    if _is_path(model_version):
        return _find_in_folder(path.absolute())
    named, root = VersionName.parse(model_version), str(settings.models)
    if path.is_dir() and not open_store(root).versions(named.model):
        return _find_in_folder(path.absolute())
    publish = f"publish one with `{write_command('run', '--data', 'PHOTOS')}`"
    remedy = f"correct the name, name a version's folder, {publish}, or {_ELSEWHERE}"
    return _fetch(named, root, settings, remedy)


def find_served_name(version: Path, name: str | None) -> str:
    """Return the model's name in the URLs.

    Args:
        version: The version's folder.
        name: The name that was given; None for the published one, which is that of the folder above
            the version's.

    Raises:
        UsageError: The predictor does not take such a name.
    """
    served = version.parent.name if name is None else name
    if not is_served_name(served):
        raise UsageError(
            SERVED_RULE, repr(served)[:100], f"choose another: {spell('name', 'NAME')}"
        )
    return served


def _is_path(text: str) -> bool:
    """Return whether a string can only be a path, not `MODEL` or `MODEL/NUMBER`."""
    place, _ = split_number(text)
    return not is_model_name(place) or text.startswith("file://")


def _fetch(named: VersionName, root: str, settings: Settings, remedy: str) -> Path:
    store = open_store(root)
    version = find_published(store, named.model, named.number, root, remedy)
    with writing(settings.cache, *HOME):
        return store.fetch(version, settings.cache)


def _find_in_folder(folder: Path) -> Path:
    """Return the newest version in a model's folder, or report what is there instead."""
    if not folder.is_dir():
        raise PermanentError(
            f"a version or a model's folder at {folder}",
            "a file" if folder.exists() else "nothing there",
            "name the folder of a model or of a version, such as models/fruit/3, or a model "
            "published on this machine by its name alone",
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
        f"a folder without {MANIFEST} and without versions",
        "name the folder of a model or of a version, such as models/fruit/3",
    )


def _refuse_own_options(options: Sequence[str]) -> None:
    """Refuse options that this command sets itself: they would be dropped silently."""
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
        host: The address to listen on.
        port: The port; 0 for a free one.
        name: The model's name in the URLs; None for the published one.
        options: Further options of the predictor, as on its command line.

    Returns:
        The predictor's exit code.

    Raises:
        UsageError: `options` contains an option that this command sets itself, or the name cannot
            be served.
        PermanentError: There is no such version.
        TransientError: The store does not answer.
    """
    _refuse_own_options(options)
    version = find_version(model_version)
    command = predictor_command(version, find_served_name(version, name), host, port)

    def say_ready(url: str) -> None:
        print(make_printable(f"serving {version} at {url}"), flush=True)

    return run_predictor([*command, *options], say_ready)
