"""The node's first process: it makes the node's world, starts its programs and heals them.

It runs as process 1 of its own process namespace: when it ends, the kernel ends everything that
was started in the test bed. Started by `namespaces.start`, never by hand.

    python -m tests.testbed.supervisor RUN_FOLDER NODE_ADDRESS
"""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.testbed.cache import HIDDEN
from tests.testbed.supervised import Supervised, read_list

PROGRAMS = "programs.json"
HOSTNAME = "node"
_RESTART_SECONDS = 1.0  # a program that fails at once must not eat the machine
_LOOK_SECONDS = 0.1
# The kubelet insists on these and would write the machine's own: it is shown files that hold them.
_SYSCTLS = {
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxbytes": "25000000",
    "kernel/keys/root_maxkeys": "1000000",
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
}


def main() -> None:
    """Make the world and supervise forever."""
    run, address = Path(sys.argv[1]), sys.argv[2]
    socket.sethostname(HOSTNAME)
    _mount(run)
    _network(address)
    Supervisor(run, read_list(run / PROGRAMS)).run()


class Supervisor:
    """Starts programs, and starts them again when they end.

    Args:
        run: The test bed's folder: logs in `log/`, process numbers (as the node sees them) in
            `pid/`; a program with a file in `hold/` is not started again.
        programs: What to run.
    """

    def __init__(self, run: Path, programs: list[Supervised]) -> None:
        self._run = run
        self._programs = programs
        self._running: dict[int, Supervised] = {}
        self._not_before = dict.fromkeys((program.name for program in programs), 0.0)
        for folder in ("log", "pid", "hold"):
            (run / folder).mkdir(exist_ok=True)

    def run(self) -> None:
        """Supervise until killed."""
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
        while True:
            for program in self._programs:
                if program not in self._running.values() and self._may_start(program):
                    self._start(program)
            signal.sigtimedwait([signal.SIGCHLD], _LOOK_SECONDS)
            self._reap()

    def _may_start(self, program: Supervised) -> bool:
        return (
            time.monotonic() >= self._not_before[program.name]
            and not (self._run / "hold" / program.name).exists()
            and all(accepts(address) for address in program.needs)
        )

    def _start(self, program: Supervised) -> None:
        log = str(self._run / "log" / f"{program.name}.log")
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        pid = os.posix_spawn(
            program.command[0],
            program.command,
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, log, flags, 0o644),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
            setsigmask=[],
        )
        self._running[pid] = program
        (self._run / "pid" / program.name).write_text(str(pid))
        print(f"started {program.name} as {pid}", flush=True)

    def _reap(self) -> None:
        """Take note of every child that ended; orphans of the pods end up here as well."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            program = self._running.pop(pid, None)
            if program is not None:
                (self._run / "pid" / program.name).unlink(missing_ok=True)
                self._not_before[program.name] = time.monotonic() + _RESTART_SECONDS
                print(f"{program.name} ended with status {status}", flush=True)


def accepts(address: str) -> bool:
    """Tell whether something accepts connections at `host:port` or at a socket's path."""
    try:
        if address.startswith("/"):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(address)
        else:
            host, port = address.rsplit(":", 1)
            socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def _mount(run: Path) -> None:
    """Cover what Kubernetes writes outside its own folder, so that the machine's stays as it is."""
    _do("mount", "--make-rshared", "/")  # volumes mounted by the kubelet must reach the pods
    for folder in HIDDEN:
        _do("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", str(folder))
    sysctls = run / "sysctl"
    sysctls.mkdir(exist_ok=True)
    for name, value in _SYSCTLS.items():
        shown = sysctls / name.replace("/", ".")
        shown.write_text(f"{value}\n")
        if Path("/proc/sys", name).exists():
            _do("mount", "--bind", str(shown), f"/proc/sys/{name}")


def _network(address: str) -> None:
    """Give the node its address and let it forward between the pods and the machine."""
    _do("ip", "link", "set", "lo", "up")
    _do("ip", "address", "add", f"{address}/32", "dev", "lo")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    bridged = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")
    if bridged.exists():  # only where the kernel's module br_netfilter is loaded
        bridged.write_text("1")


def _do(*command: str) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
