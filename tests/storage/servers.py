"""A real S3 store and a real Cloud Storage server, as processes on the loopback."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.fixtures.ports import free_port
from tests.fixtures.waiting import wait_for
from tests.testbed import programs

ACCESS_KEY, SECRET_KEY = "viewfinder", "viewfinder-secret"


@dataclass
class Server:
    """A running server, which can be killed and started again on its data.

    Attributes:
        command: How it is started.
        port: Where it listens on 127.0.0.1.
        ready: The path that answers once it is ready.
        log: What it says.
        process: The process; another one after `start`.
    """

    command: list[str]
    port: int
    ready: str
    log: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        credentials = {"MINIO_ROOT_USER": ACCESS_KEY, "MINIO_ROOT_PASSWORD": SECRET_KEY}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, env={**os.environ, **credentials}, stdout=log, stderr=log
            )
        wait_for(self._answers, f"{self.url}{self.ready} to answer", log=self.log)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            return httpx.get(self.url + self.ready, trust_env=False).is_success
        except httpx.TransportError:
            return False


@contextmanager
def running_minio(folder: Path) -> Iterator[Server]:
    port, console = free_port(), free_port()
    program = _program("VIEWFINDER_MINIO", programs.MINIO)
    command = [
        *(str(program), "server", "--quiet"),
        *("--address", f"127.0.0.1:{port}", "--console-address", f"127.0.0.1:{console}"),
        str(folder / "data"),
    ]
    yield from _running(Server(command, port, "/minio/health/ready", folder / "log"))


@contextmanager
def running_fake_gcs(folder: Path, port: int = 0, external_url: str = "") -> Iterator[Server]:
    """Run the server; `external_url` is where it sends the parts of resumable transfers."""
    port = port or free_port()
    program = _program("VIEWFINDER_FAKE_GCS", programs.GCS)
    command = [
        *(str(program), "-backend", "memory"),
        *("-host", "127.0.0.1", "-port", str(port), "-scheme", "http"),
        *("-external-url", external_url or f"http://127.0.0.1:{port}", "-log-level", "warn"),
    ]
    yield from _running(Server(command, port, "/_internal/healthcheck", folder / "log"))


def _running(server: Server) -> Iterator[Server]:
    server.log.parent.mkdir(parents=True, exist_ok=True)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def _program(variable: str, wanted: programs.ProgramSet) -> Path:
    """Return the program that the environment names, or build it from its Go module."""
    if given := os.environ.get(variable):
        return Path(given).resolve(strict=True)
    if shutil.which("go") is None:
        # Where everything is to be tested, what cannot be tested is a failure.
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up(f"needs {wanted.name}: install Go, or name the program in {variable}")
    return programs.build(wanted) / wanted.name
