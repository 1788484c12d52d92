"""Start the predictor in a fresh process, as a pod would, and always stop it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from viewfinder_components.bearer_token import SERVING_VARIABLE
from viewfinder_components.checking.node import NodeReading, describe_node
from viewfinder_components.checking.processor import ProcessorReading, Spent
from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.precision import F32, Precision
from viewfinder_components.storage.temporary_folder import temporary_folder

_POLL_SECONDS = 0.01
_STOP_SECONDS = 10.0
_LOG_CHARACTERS = 1500
_STACKS_SECONDS = 2.0
_FRAMES = re.compile(r"^Traceback \(most recent call last\):\n(?:[ \t].*\n)*", re.MULTILINE)
# A start that waits for a processor may take this many times its limit in wall-clock time.
_BUSY_FACTOR = 10
# The server gives up on a client or a photo that takes too long. Here the client is the check,
# which is patient, and on a busy node both take long.
_LONG = "3600"


class NotReadyError(PermanentError):
    """The predictor exited, or was not ready in time.

    Attributes:
        busy: Whether the node was too busy to tell if the predictor is at fault.
    """

    busy = False


@dataclass(frozen=True)
class RunningPredictor:
    """A predictor that is ready.

    Attributes:
        url: Its base URL on the loopback interface.
        pid: Its process ID.
        start_seconds: Wall-clock time from the start of the process until it is ready.
        start_spent: Processor time and time spent waiting for a processor until then.
        process: The process.
        log: The file with its output.
    """

    url: str
    pid: int
    start_seconds: float
    start_spent: Spent
    process: subprocess.Popen[bytes]
    log: Path

    def describe_end(self) -> str | None:
        """Return how the process ended, with the end of its log; None while it is running."""
        code = self.process.poll()
        return None if code is None else f"it exited with code {code}: {_end_of(self.log)}"

    def kill(self) -> None:
        """Kill it."""
        self.process.kill()

    def read_stacks(self) -> str:
        """Make it write the stacks of its threads, and return them.

        The signal's handler needs neither Python's lock nor a free thread.
        """
        before = self.log.stat().st_size
        self.process.send_signal(signal.SIGUSR1)
        time.sleep(_STACKS_SECONDS)
        return self.log.read_bytes()[before:].decode("utf-8", "replace")

    def peak_memory_mb(self) -> float | None:
        """Return its peak resident memory so far, in megabytes of 1,000,000 bytes.

        None if the process has ended.
        """
        try:
            status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        except OSError:  # exited and reaped
            return None
        found = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
        return int(found[1]) * 1024 / 1e6 if found else None


def predictor_command(version: Path, model_name: str, host: str, port: int) -> list[str]:
    """Return the command that serves a version.

    Args:
        version: The version's folder.
        model_name: The name in the URLs.
        host: The address to listen on.
        port: The port; 0 for a free one.
    """
    return [
        # -P: a module in the current directory must not shadow an installed one.
        *(sys.executable, "-P", "-m", "viewfinder_serving"),
        *("--model-dir", str(version)),
        *("--model-name", model_name),
        *("--host", host),
        *("--port", str(port)),
        "--stop-at-eof",  # our end of its standard input closes with us: no server outlives us
    ]


@contextmanager
def running_predictor(
    servable_dir: Path, model_name: str, start_seconds: float, precision: Precision = F32
) -> Iterator[RunningPredictor]:
    """Serve a directory while the block runs, without asking for tokens.

    Args:
        servable_dir: The servable directory.
        model_name: The name in the URLs.
        start_seconds: How long it may take to be ready if a processor is always free.
        precision: The precision in which it computes.

    Raises:
        NotReadyError: It exited, or was not ready in time; with the end of its log.
    """
    with temporary_folder("viewfinder-check-") as scratch:
        log, ready = scratch / "log", scratch / "ready.json"
        started = time.monotonic()
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    *predictor_command(servable_dir, model_name, "127.0.0.1", 0),
                    *("--precision", precision),
                    *("--ready-file", str(ready)),
                    *("--request-seconds", _LONG),
                    *("--body-seconds", _LONG),
                    "--no-access-log",
                ],
                env={name: text for name, text in os.environ.items() if name != SERVING_VARIABLE},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            spent = _await_ready(process, ready, log, start_seconds)
            seconds = time.monotonic() - started
            url = json.loads(ready.read_bytes())["url"]
            yield RunningPredictor(url, process.pid, seconds, spent, process, log)
        finally:
            _end(process)


def _await_ready(process: subprocess.Popen[bytes], ready: Path, log: Path, limit: float) -> Spent:
    """Return the processor and waiting time of the start."""
    started, node = time.monotonic(), NodeReading.now()
    unborn = ProcessorReading({}, wanting=True)
    while not ready.exists():
        if process.poll() is not None:
            raise NotReadyError(
                "a predictor that starts",
                f"exit code {process.returncode}: {_end_of(log)}",
                "fix the problem shown in its log and export the model again",
            )
        wall = time.monotonic() - started
        if wall > limit:
            spent = ProcessorReading.of(process.pid).since(unborn)
            if spent.own_seconds(wall) > limit or wall > _BUSY_FACTOR * limit:
                raise _not_ready(wall, limit, spent, node, log)
        time.sleep(_POLL_SECONDS)
    return ProcessorReading.of(process.pid).since(unborn)


def _not_ready(
    wall: float, limit: float, spent: Spent, node: NodeReading, log: Path
) -> NotReadyError:
    busy = spent.own_seconds(wall) <= limit
    error = NotReadyError(
        f"a predictor that is ready in time ({limit:g} s)",
        f"none after {wall:.1f} s, during which its threads ran for {spent.cpu_seconds:.1f} s and "
        f"waited {spent.waiting_seconds:.1f} s for a processor "
        f"({describe_node(NodeReading.now().since(node))}); its log ends with: {_end_of(log)}",
        "try again when the node is less busy, or give the step more CPU"
        if busy
        else "give the step more CPU",
    )
    error.busy = busy
    return error


def _end_of(log: Path) -> str:
    """Return the end of a log; of a traceback only the line that names the error."""
    text = _FRAMES.sub("", log.read_bytes().decode("utf-8", "replace")).strip()
    return text[-_LOG_CHARACTERS:] or "(the log is empty)"


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()
