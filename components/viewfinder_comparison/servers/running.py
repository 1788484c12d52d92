"""Start a server, wait for its first answer, and always stop it."""

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from viewfinder_comparison.pinning import pinned
from viewfinder_comparison.servers.asking import NoAnswerError, ask
from viewfinder_comparison.servers.environments import Environment
from viewfinder_comparison.servers.processes import ProcessTree
from viewfinder_comparison.servers.server import Answer, Place, Server
from viewfinder_components.errors import PermanentError, reason_of
from viewfinder_components.printable import make_printable
from viewfinder_components.storage.temporary_folder import temporary_folder

_START_SECONDS = 120.0
_POLL_SECONDS = 0.02
_LOG_CHARACTERS = 300


class ServerError(PermanentError):
    """A server did not start, ended, or does not answer as it should."""


@dataclass(frozen=True)
class Served:
    """What is served, and what is asked."""

    version: Path
    """The published version."""
    model_name: str
    photos: tuple[bytes, ...]
    """The photos' files."""


@dataclass(frozen=True)
class RunningServer:
    """A server that has answered."""

    server: Server
    place: Place
    log: Path
    processes: ProcessTree | None = None
    """None of a server that its user has started."""
    cold_start_seconds: float | None = None
    """From the start of its process to its first answer."""

    def cpu_seconds(self) -> float | None:
        """Return the processor time of all its processes so far."""
        return None if self.processes is None else self.processes.cpu_seconds()

    def peak_memory(self) -> int | None:
        """Return the sum of its processes' peaks so far, in bytes."""
        return None if self.processes is None else self.processes.peak_memory()

    def ask(self, photo: bytes, timeout: float) -> Answer:
        """Send one photo, and return the answer.

        Raises:
            ServerError: There is none.
        """
        try:
            return ask(self.server, self.place, photo, timeout)
        except NoAnswerError as error:
            raise ServerError(
                "an answer", f"{error}{self._describe_end()}", f"read {self.log.name}"
            ) from error

    def _describe_end(self) -> str:
        code = None if self.processes is None else self.processes.exit_code()
        return "" if code is None else f"; it ended with exit code {code}: {end_of(self.log)}"


@contextmanager
def running(
    server: Server, environment: Environment, served: Served, cores: Sequence[int], log: Path
) -> Iterator[RunningServer]:
    """Run a server while the block runs.

    Args:
        server: The server.
        environment: Where it is installed.
        served: What it serves.
        cores: The cores on which it may run.
        log: The file for its output.

    Raises:
        ServerError: It cannot be started, ended, or did not answer in time.
    """
    place = Place(environment.program, served.version, served.model_name, (), len(cores))
    if server.address is not None:
        host, port = server.address
        place = replace(place, host=host, ports=(port,))
        _await_answer(server, place, None, served.photos[0], log)
        yield RunningServer(server, place, log)
        return
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder("viewfinder-server-"))
        _furnish(folder, server, served.version)
        place = replace(place, folder=folder, ports=find_ports(server))
        log.parent.mkdir(parents=True, exist_ok=True)
        output = stack.enter_context(log.open("wb"))
        started = time.monotonic()
        with pinned(cores):
            process = _start(server, place, folder, output)
        processes = ProcessTree(process)
        stack.callback(processes.stop)
        _await_answer(server, place, processes, served.photos[0], log)
        seconds = round(time.monotonic() - started, 3)
        yield RunningServer(server, place, log, processes, seconds)


def _furnish(folder: Path, server: Server, version: Path) -> None:
    for name in server.files:
        shutil.copy(server.place / name, folder / name)
    for name, target in server.links(version).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(target.absolute())


def find_ports(server: Server) -> tuple[int, ...]:
    """Return as many free ports of the loopback interface as a server listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(server.ports)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return tuple(one.getsockname()[1] for one in sockets)


def end_of(log: Path) -> str:
    """Return the end of a log, in one line that can be shown, without colours."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", log.read_bytes().decode("utf-8", "replace"))
    return make_printable(" ".join(text.split())[-_LOG_CHARACTERS:])


def _start(
    server: Server, place: Place, folder: Path, output: IO[bytes]
) -> "subprocess.Popen[bytes]":
    command = server.command(place)
    try:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=server.environment(place),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches us, and we stop it
        )
    except OSError as error:
        raise ServerError(
            "a program that can be started",
            f"{command[0]} ({reason_of(error)})",
            "name another program"
            if server.program
            else "remove the server's environment, which is then made again",
        ) from error


def _await_answer(
    server: Server, place: Place, processes: ProcessTree | None, photo: bytes, log: Path
) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            ask(server, place, photo, _START_SECONDS)
        except NoAnswerError as error:
            if processes is None:  # it was said to be running
                received = str(error)
            elif (code := processes.exit_code()) is not None:
                received = f"exit code {code}: {end_of(log)}"
            elif time.monotonic() > deadline:
                received = f"{error} after {_START_SECONDS:.0f} s"
            else:
                time.sleep(_POLL_SECONDS)
                continue
            raise ServerError("a server that answers", received, f"read {log.name}") from error
        return
