"""Time whole processes, from outside."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Cost:
    """What a process took.

    Attributes:
        seconds: Wall-clock time.
        output: What it printed.
    """

    seconds: float
    output: str


def measure(*command: str, environment: dict[str, str] | None = None) -> Cost:
    """Run a command to its end; raise when it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}
    )
    assert process.stdout is not None
    output = process.stdout.read()
    process.wait()
    seconds = time.perf_counter() - started
    if process.returncode != 0:
        raise RuntimeError(f"{command} exited with {process.returncode}: {output[-2000:]}")
    return Cost(seconds, output)


def measure_python(code: str, *arguments: str) -> Cost:
    """Run Python code in a process of its own."""
    return measure(sys.executable, "-c", code, *arguments)


def read_peak_mb(process: int | str) -> float:
    """Return the peak resident memory of a process, in MB of 10^6 bytes (Linux only)."""
    status = Path(f"/proc/{process}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6


def median_seconds(*command: str, runs: int = 5) -> float:
    """Return the median of several runs' seconds, after one that is not counted."""
    measure(*command)
    return median(measure(*command).seconds for _ in range(runs))
