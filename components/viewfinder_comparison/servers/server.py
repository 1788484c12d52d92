"""What the comparison must know of a way to serve."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from viewfinder_components.bearer_token import FILE_VARIABLE, SERVING_VARIABLE, VARIABLE

LOOPBACK = "127.0.0.1"
Installed = Literal["apart", "here", "by its user"]

_FOLDER = Path(__file__).parent
# This process's own packages, which a server with an environment of its own must not find.
_PACKAGES = ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME")
# With the first, our predictor would refuse the requests; the others are not the servers' business.
_SECRETS = (SERVING_VARIABLE, VARIABLE, FILE_VARIABLE)


@dataclass(frozen=True)
class Answer:
    """What a server says about one photo."""

    label: str | None
    """None where a server answers with probabilities only."""
    probabilities: tuple[float, ...]
    """One for each class, in the model's order."""


@dataclass(frozen=True)
class Place:
    """Where a server is started."""

    program: Path
    """The interpreter of its environment, or the program that its user named."""
    version: Path
    """The published version: a SavedModel and an OpenVINO model."""
    model_name: str
    ports: tuple[int, ...]
    """Free ports of the loopback interface. The first one is for HTTP; see `Server.ports`."""
    cores: int
    """How many cores it may use."""
    folder: Path = Path()
    """The folder in which it runs, with its files and links."""
    host: str = LOOPBACK
    """Where it listens."""


def _model_and_port(place: Place) -> Mapping[str, str]:
    return {"SAVED_MODEL": str(place.version), "PORT": str(place.ports[0])}


@dataclass(frozen=True)
class Server:
    """A way to serve.

    Its methods are functions of a `Place`; the server runs in a folder with a copy of its files.
    """

    name: str
    """As `--servers` takes it; its folder beside this module, unless `folder` names another."""
    title: str
    """As the table shows it."""
    setup: str
    """How it is started, and why so, in a sentence."""
    command: Callable[[Place], list[str]]
    """The command that starts it."""
    request: Callable[[Place, bytes], bytes]
    """The complete HTTP/1.1 request for a photo's file."""
    read_answer: Callable[[bytes], Answer]
    """Understands the body of an answer; may raise ValueError, KeyError, IndexError, TypeError."""
    files: tuple[str, ...] = ()
    """What its user writes, in `folder`: it is copied to where the server runs."""
    packages: tuple[str, ...] = ()
    """The distributions whose versions the page names."""
    folder: str = ""
    """Where `files` and `requirements.txt` are, beside this module; empty for `name`."""
    installed: Installed = "apart"
    """Into an environment of its own, as a part of this one, or by whoever runs the comparison."""
    extras: tuple[str, ...] = ()
    """For a part of this environment: the extras of Viewfinder that it needs."""
    program: Path | None = None
    """For one that its user installed: what is started."""
    address: tuple[str, int] | None = None
    """For one that its user has started: its host and its port."""
    links: Callable[[Path], Mapping[str, Path]] = field(default=lambda version: {})
    """Symbolic links that a version needs in the folder in which it runs, by their paths there."""
    variables: Callable[[Place], Mapping[str, str]] = _model_and_port
    """Environment variables, besides this process's."""
    ports: int = 1
    """How many ports it listens on."""
    adapt: Callable[["Server", Path], "Server"] = field(default=lambda server, version: server)
    """Returns the server as it serves a version, where its set-up depends on that."""
    find_obstacle: Callable[[Path], str | None] = field(default=lambda version: None)
    """Returns why a version cannot be served in this way on this machine; None if it can."""
    tolerance: float = 0.02
    """How far its probabilities may be from the evaluation's: image decoders and kernels differ."""
    scaling: str = ""
    """What takes it beyond one process and one machine: an argument, not a measurement."""
    freedom: str = ""
    """What its user can change, and what must be done by hand: an argument too."""

    @property
    def place(self) -> Path:
        """The folder with its files."""
        return _FOLDER / (self.folder or self.name)

    @property
    def requirements(self) -> Path:
        """The pinned requirements of its environment."""
        return _FOLDER / self.name / "requirements.txt"

    def environment(self, place: Place) -> dict[str, str]:
        """Return all environment variables of its process: ours without tokens, and its own."""
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONUNBUFFERED": "1"}
        search = os.pathsep.join([str(place.program.parent), os.environ.get("PATH", os.defpath)])
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name not in _SECRETS and (self.installed == "here" or name not in _PACKAGES)
        }
        return {**inherited, **quiet, "PATH": search, **self.variables(place)}
