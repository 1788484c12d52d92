"""Serve a published version on this machine, as the predictor's pod would."""

import subprocess
import sys
from pathlib import Path

from viewfinder_components.errors import PermanentError
from viewfinder_components.storage.store import open_store
from viewfinder_pipelines.settings import Settings


def find_version(model_version: str, settings: Settings | None = None) -> Path:
    """Return the folder of a published version.

    Args:
        model_version: A version's path or `file://` URI, `MODEL` for the newest version of a
            model under this machine's model root, or `MODEL/NUMBER`.
        settings: Where the model root is.

    Raises:
        PermanentError: There is no such version.
    """
    path = Path(model_version.removeprefix("file://"))
    if (path / "manifest.json").is_file():
        return path.absolute()
    root = (settings or Settings()).models
    below = root / path
    if not path.is_absolute() and (below / "manifest.json").is_file():
        return below
    if not path.is_absolute() and len(path.parts) == 1 and below.is_dir():
        latest = open_store(str(root)).latest(model_version)
        if latest is not None:
            return latest.path
    raise PermanentError(
        f"a published version: a path, MODEL or MODEL/NUMBER under {root}",
        repr(model_version),
        "publish one with `viewfinder run`, or name the folder that holds manifest.json",
    )


def predictor_command(version: Path, host: str, port: int, name: str | None) -> list[str]:
    """Return the command that serves a version; the name defaults to the published one."""
    return [
        *(sys.executable, "-m", "viewfinder_serving"),
        *("--model-dir", str(version)),
        *("--model-name", name or version.parent.name),
        *("--host", host),
        *("--port", str(port)),
        "--stop-at-eof",  # whoever starts it holds its standard input: no server outlives us
    ]


def serve_version(model_version: str, host: str, port: int, name: str | None) -> None:
    """Serve until interrupted; exits with the predictor's exit code."""
    version = find_version(model_version)
    print(f"serving {version} at http://{host}:{port}", flush=True)
    command = predictor_command(version, host, port, name)
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    try:
        code = process.wait()
    except KeyboardInterrupt:
        process.terminate()
        code = process.wait()
    sys.exit(code)
