"""Start the predictor in a fresh process, as a pod would, and end it in every case."""

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from viewfinder_components.errors import PermanentError

_POLL_SECONDS = 0.01
_STOP_SECONDS = 10.0
_LOG_CHARACTERS = 1500


class NotReadyError(PermanentError):
    """The predictor ended, or was not ready in time."""


@dataclass(frozen=True)
class RunningPredictor:
    """A predictor that is ready.

    Attributes:
        url: Its base URL on the loopback interface.
        pid: Its process.
        start_seconds: From the start of the process to its readiness.
    """

    url: str
    pid: int
    start_seconds: float

    def peak_memory_mb(self) -> float | None:
        """Return its largest resident memory so far, in megabytes of 1,000,000 bytes.

        None when the process has ended.
        """
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
        return int(found[1]) * 1024 / 1e6 if found else None


@contextmanager
def running_predictor(
    servable_dir: Path, model_name: str, start_seconds: float
) -> Iterator[RunningPredictor]:
    """Serve a directory while the block runs.

    Args:
        servable_dir: The servable directory.
        model_name: The name in the URLs.
        start_seconds: How long it may take to be ready.

    Raises:
        NotReadyError: It ended, or was not ready in time; with the end of its log.
    """
    with tempfile.TemporaryDirectory(prefix="viewfinder-check-") as scratch:
        log, ready = Path(scratch, "log"), Path(scratch, "ready.json")
        started = time.monotonic()
        with log.open("wb") as output:
            process = subprocess.Popen(
                _command(servable_dir, model_name, ready),
                stdin=subprocess.PIPE,  # it stops when this ends: even when this process is killed
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            _await_ready(process, ready, log, started + start_seconds)
            seconds = time.monotonic() - started
            url = json.loads(ready.read_bytes())["url"]
            yield RunningPredictor(url, process.pid, seconds)
        finally:
            _end(process)


def _command(servable_dir: Path, model_name: str, ready: Path) -> list[str]:
    return [
        # -P: a module of the current directory must not take the place of an installed one.
        *(sys.executable, "-P", "-m", "viewfinder_serving"),
        *("--model-dir", str(servable_dir)),
        *("--model-name", model_name),
        *("--host", "127.0.0.1"),
        *("--port", "0"),
        *("--ready-file", str(ready)),
        *("--no-access-log", "--stop-at-eof"),
    ]


def _await_ready(process: subprocess.Popen[bytes], ready: Path, log: Path, deadline: float) -> None:
    while not ready.exists():
        if process.poll() is not None:
            raise NotReadyError(
                "a predictor that starts",
                f"exit code {process.returncode}: {_end_of(log)}",
                "mend what its log says and export the model again",
            )
        if time.monotonic() > deadline:
            raise NotReadyError(
                "a predictor that is ready in time",
                f"none until the limit; its log ends with: {_end_of(log)}",
                "raise max_start_seconds, or give the step more CPU",
            )
        time.sleep(_POLL_SECONDS)


def _end_of(log: Path) -> str:
    text = log.read_bytes().decode("utf-8", "replace").strip()
    return text[-_LOG_CHARACTERS:] or "(the log is empty)"


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()
