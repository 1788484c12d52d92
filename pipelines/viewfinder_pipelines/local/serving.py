"""Serve a published version on this machine, as the predictor's pod would."""

from collections.abc import Sequence
from pathlib import Path

from viewfinder_components.checking.predictor import predictor_command
from viewfinder_components.errors import PermanentError
from viewfinder_components.storage.store import open_store
from viewfinder_components.storage.version import MANIFEST, parse_number
from viewfinder_pipelines.local.serving_process import run_predictor
from viewfinder_pipelines.settings.environment import Settings


def find_version(model_version: str, settings: Settings | None = None) -> Path:
    """Return the folder of a published version; one in a bucket is downloaded, once.

    Args:
        model_version: A version's path or `file://` URI, `MODEL` for the newest version of a
            model under this machine's model root, `MODEL/NUMBER`, or a URI of another model root
            followed by either.
        settings: Where the model root and the cache are.

    Raises:
        PermanentError: There is no such version.
        TransientError: The store does not answer.
    """
    settings = settings or Settings()
    if "://" in model_version and not model_version.startswith("file://"):
        return _fetch(model_version.rstrip("/"), settings)
    path = Path(model_version.removeprefix("file://"))
    if (path / MANIFEST).is_file():
        return path.absolute()
    below = settings.models / path
    if not path.is_absolute() and (below / MANIFEST).is_file():
        return below
    if not path.is_absolute() and len(path.parts) == 1 and below.is_dir():
        store = open_store(str(settings.models))
        if latest := store.latest(model_version):
            return store.fetch(latest, settings.cache)
    raise _no_version(model_version, settings)


def _fetch(uri: str, settings: Settings) -> Path:
    place, _, last = uri.rpartition("/")
    number = parse_number(last)
    root, _, model = (uri if number is None else place).rpartition("/")
    if not root.partition("://")[2]:  # s3://bucket: the bucket is no model
        raise _no_version(uri, settings)
    store = open_store(root)
    found = [version for version in store.versions(model) if number in (None, version.number)]
    if not found:
        raise _no_version(uri, settings)
    return store.fetch(max(found), settings.cache)


def _no_version(received: str, settings: Settings) -> PermanentError:
    return PermanentError(
        f"a published version: a path, MODEL or MODEL/NUMBER under {settings.models}, or either "
        "after the URI of another model root",
        repr(received),
        "publish one with `viewfinder run`, or name the folder that holds manifest.json",
    )


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
        PermanentError: There is no such version.
        TransientError: The store does not answer.
    """
    version = find_version(model_version)
    command = predictor_command(version, name or version.parent.name, host, port)

    def say_ready(url: str) -> None:
        print(f"serving {version} at {url}", flush=True)

    return run_predictor([*command, *options], say_ready)
