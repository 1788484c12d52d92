"""The processes of a running server: their memory, their processor time, and their end."""

import os
import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil

_STOP_SECONDS = 10.0
_PEAK = re.compile(r"^VmHWM:\s*(\d+) kB", re.MULTILINE)


class ProcessTree:
    """A process with all that it has started."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._root = psutil.Process(process.pid)
        self._known: dict[int, psutil.Process] = {process.pid: self._root}

    def exit_code(self) -> int | None:
        """Return the exit code of the process, None while it is running."""
        return self._process.poll()

    def cpu_seconds(self) -> float:
        """Return the processor time of all of them so far, those included that have ended."""
        total = 0.0
        for process in self._find():
            with suppress(psutil.Error):
                times = process.cpu_times()
                total += times.user + times.system + times.children_user + times.children_system
        return total

    def peak_memory(self) -> int:
        """Return the sum of the running processes' peak resident memory so far, in bytes.

        The kernel keeps each process's peak, so nothing is missed between two readings. Memory that
        processes share counts once for each.
        """
        return sum(_read_peak(process.pid) for process in self._find())

    def stop(self) -> None:
        """Ask the server to end, then kill what is still running."""
        running = self._find()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        _, left = psutil.wait_procs(running, _STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left, _STOP_SECONDS)
        self._process.wait()

    def _find(self) -> list[psutil.Process]:
        """Return the running processes, orphans included that were seen before."""
        with suppress(psutil.Error):
            for child in self._root.children(recursive=True):
                self._known.setdefault(child.pid, child)
        return [process for process in self._known.values() if process.is_running()]


def _read_peak(pid: int) -> int:
    try:
        found = _PEAK.search(Path(f"/proc/{pid}/status").read_text("utf-8"))
    except OSError:  # it has ended
        return 0
    return int(found[1]) * 1024 if found else 0
