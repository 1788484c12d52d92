"""A virtual environment for each way to serve, made when it is first needed and kept."""

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from viewfinder_comparison.servers.installed_size import extras_bytes, folder_bytes
from viewfinder_comparison.servers.server import Server
from viewfinder_components.errors import PermanentError
from viewfinder_components.storage.locking import locked
from viewfinder_components.whole_files import write_text
from viewfinder_components.writing import writing

_READY = "ready"
_LONGEST = 300
_CACHE = ("the servers' environments", "name another cache folder with XDG_CACHE_HOME")


class NotInstalledError(PermanentError):
    """A way to serve could not be installed."""


@dataclass(frozen=True)
class Environment:
    """Where a way to serve is installed."""

    program: Path
    """Its interpreter, or the program that its user installed."""
    size: int | None
    """Bytes of the installed files; None if its user installed it."""
    packages: dict[str, str]
    """The versions of the distributions that `Server.packages` names."""
    is_new: bool = False
    """Whether it was just made: its first start compiles what it imports."""


def prepare(server: Server) -> Environment:
    """Return a server's environment; made from its pinned requirements if it is not there yet.

    Raises:
        NotInstalledError: Its requirements cannot be installed here.
        PermanentError: There is no uv, or the cache folder cannot be written.
    """
    if server.installed == "by its user":
        return Environment(server.program or Path(sys.executable), None, {})
    if server.installed == "here":
        versions = {name: metadata.version(name) for name in server.packages}
        size = extras_bytes("viewfinder", server.extras)
        return Environment(Path(sys.executable), size, versions)
    folder = find_cache() / f"{server.name}-{_digest(server.requirements)}"
    with writing(folder, *_CACHE):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with locked(folder.with_suffix(".lock")):
            is_new = not (folder / _READY).exists()
            if is_new:
                _install(server, folder)
    site = next((folder / "lib").glob("python3*/site-packages"))
    found = {one.name.lower(): one.version for one in metadata.distributions(path=[str(site)])}
    versions = {name: found[name] for name in server.packages if name in found}
    return Environment(folder / "bin" / "python", folder_bytes(site), versions, is_new)


def find_cache() -> Path:
    """Return the folder of all environments, in the user's cache folder (XDG_CACHE_HOME)."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "viewfinder" / "servers"


def _digest(requirements: Path) -> str:
    """Return what the environment depends on: the requirements and the interpreter."""
    interpreter = f"{sys.version}\n{sys.base_prefix}\n".encode()
    return hashlib.sha256(interpreter + requirements.read_bytes()).hexdigest()[:16]


def _install(server: Server, folder: Path) -> None:
    if folder.exists():  # what an interrupted installation has left
        shutil.rmtree(folder)
    uv = _find_uv()
    _run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], {})
    _run(
        [
            *(uv, "pip", "install", "--quiet", "--no-deps", "--require-hashes"),
            *("--requirement", str(server.requirements)),
        ],
        {"VIRTUAL_ENV": str(folder)},
    )
    write_text(folder / _READY, "")


def _run(command: list[str], variables: dict[str, str]) -> None:
    done = subprocess.run(
        command, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        raise NotInstalledError(
            "its pinned requirements to be installed with uv",
            said[-_LONGEST:],
            "use another Python or machine, or leave this server out",
        )


def _find_uv() -> str:
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        raise PermanentError(
            "uv, which makes the servers' environments", "no such program", "pip install uv"
        )
    return found
