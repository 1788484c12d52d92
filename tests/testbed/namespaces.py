"""Start the node in namespaces of its own, and end it with everything in it.

The node has its own network, processes, mounts, host name and shared memory. Its first process is
the supervisor; when that ends, the kernel ends every process of the node and drops its mounts and
its interfaces. What is left to remove is on the machine: control groups (here) and the cable's
other end (network.py).

Control groups: version 1 was tried (on Linux 6.18). Version 2 is written from the kernel's and
the kubelet's documentation and was not tried: this project had no such machine.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.testbed.addresses import AddressPlan
from tests.testbed.machine import CGROUPS, V2_CONTROLLERS, cgroup_version, v1_hierarchies
from tests.testbed.run_folder import RunFolder

from viewfinder_components.errors import PermanentError, TransientError

_MODULE = "tests.testbed.supervisor"
_REPOSITORY = Path(__file__).parents[2]
_START_SECONDS = 10
_STOP_SECONDS = 30


def start(run: RunFolder, addresses: AddressPlan) -> int:
    """Start the node and return its first process's id.

    Raises:
        PermanentError: It did not start.
    """
    _make_cgroups(run)
    namespaces = ("--net", "--pid", "--mount", "--uts", "--ipc")
    command = ["unshare", *namespaces, "--fork", "--kill-child=KILL", "--mount-proc"]
    command += [
        "--propagation=private",
        sys.executable,
        "-m",
        _MODULE,
        str(run.path),
        addresses.node,
    ]
    log = run.folder("log") / "supervisor.log"
    with log.open("ab") as output:
        parent = subprocess.Popen(
            command,
            cwd=_REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # the terminal's Ctrl-C is not for it
        )
    deadline = time.monotonic() + _START_SECONDS
    while (init := find_init(run)) is None:
        if parent.poll() is not None or time.monotonic() > deadline:
            raise PermanentError(
                "the node's namespaces to start",
                f"exit status {parent.poll()}",
                f"read what was printed: {log.read_text()[-1000:].strip()}",
            )
        time.sleep(0.02)
    return init


def stop(run: RunFolder) -> None:
    """End the node, wait until nothing of it is left, and remove its control groups."""
    for pid in _processes(run):
        _kill(pid)
    deadline = time.monotonic() + _STOP_SECONDS
    while _processes(run):
        _check(deadline, f"the processes {_processes(run)} to end")
        time.sleep(0.05)
    while not _remove_cgroups(run):
        _check(deadline, f"the control groups {run.cgroup} to be empty")
        time.sleep(0.1)


def find_init(run: RunFolder) -> int | None:
    """Return the id of the node's first process, as this machine sees it; None without one."""
    return next((pid for pid in _processes(run) if _is_first(pid)), None)


def cgroups(run: RunFolder) -> list[Path]:
    """Return the test bed's control groups that exist."""
    # version 1 has it in each hierarchy, version 2 at the top; a mixed machine in both
    found = [CGROUPS / run.cgroup, *CGROUPS.glob(f"*/{run.cgroup}")]
    return [group for group in found if group.is_dir()]


def _processes(run: RunFolder) -> list[int]:
    """Return the supervisor and the `unshare` that started it.

    They are known by their command line, which names this run folder: that holds even when the
    tool was killed before it could write anything down, and never means another's process.
    """
    wanted = [b"-m", _MODULE.encode(), os.fsencode(run.path)]
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:  # it ended meanwhile
                continue
            if wanted in [words[i : i + 3] for i in range(len(words) - 2)]:
                found.append(int(entry.name))
    return found


def _is_first(pid: int) -> bool:
    """Tell whether a process is number 1 of a namespace below this one."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    numbers = next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[1:]
    return len(numbers) > 1 and numbers[-1] == "1"


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError, ChildProcessError):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)  # when this process itself started it, it would stay a zombie


def _make_cgroups(run: RunFolder) -> None:
    if cgroup_version() == 2:
        group = CGROUPS / run.cgroup
        group.mkdir(exist_ok=True)
        wanted = " ".join(f"+{name}" for name in V2_CONTROLLERS)
        (CGROUPS / "cgroup.subtree_control").write_text(wanted)
        (group / "cgroup.subtree_control").write_text(wanted)
        return
    for hierarchy in v1_hierarchies():
        (hierarchy / run.cgroup).mkdir(exist_ok=True)
    for name in ("cpuset.cpus", "cpuset.mems"):  # a new group has none, and admits no process
        allowed = (CGROUPS / "cpuset" / name).read_text()
        (CGROUPS / "cpuset" / run.cgroup / name).write_text(allowed)


def _remove_cgroups(run: RunFolder) -> bool:
    """Remove the control groups, the innermost first; tell whether none is left."""
    for group in cgroups(run):
        for folder, _, _ in os.walk(group, topdown=False):
            with suppress(OSError):  # the kernel is still ending a process in it
                os.rmdir(folder)
    return not cgroups(run)


def _check(deadline: float, what: str) -> None:
    if time.monotonic() > deadline:
        raise TransientError(
            f"{what} within {_STOP_SECONDS} s", "still there", "run `down` again in a minute"
        )
