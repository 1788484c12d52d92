"""Run other programs, and say what one printed when it fails."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from viewfinder_components.errors import PermanentError

# When this process is killed, what it runs must not go on: `down` may be next, and removes files.
_DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")
_TAIL = 2000  # characters of a failed command's output; its cause stands at the end


def run(
    *command: str | Path,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float = 3600,
) -> str:
    """Run a command to its end and return what it printed.

    Args:
        command: The program and its arguments.
        cwd: The folder to run in.
        environment: Variables to add to this process's own.
        timeout: Seconds after which it is killed.

    Raises:
        PermanentError: It failed, took too long or is not installed.
    """
    words = [str(word) for word in command]
    name = " ".join(words)[:200]
    if shutil.which(words[0]) is None:
        raise PermanentError(
            f"the program {words[0]}", "no such program", "run `python -m tests.testbed setup`"
        )
    try:
        finished = subprocess.run(
            [*_DIES_WITH_US, *words],
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PermanentError(
            f"an end of `{name}` within {timeout:.0f} s", "none", "look at the machine's load"
        ) from error
    if finished.returncode != 0:
        raise PermanentError(
            f"`{name}` to succeed",
            f"exit status {finished.returncode}",
            f"read what it printed: {finished.stdout[-_TAIL:].strip()}",
        )
    return finished.stdout
