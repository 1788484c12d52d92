"""A running test bed's node, for the tests: kill its programs, use its folders."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.testbed.cache import home
from tests.testbed.namespaces import find_init
from tests.testbed.objects import Cluster, wait_until
from tests.testbed.run_folder import RunFolder
from tests.testbed.supervised import read_list
from tests.testbed.supervisor import PROGRAMS

from viewfinder_components.errors import PermanentError

_BACK_SECONDS = 60


@dataclass(frozen=True)
class Node:
    """The node of a running test bed.

    Attributes:
        run: The test bed's folder.
    """

    run: RunFolder

    @classmethod
    def of(cls, kubeconfig: Path) -> "Node | None":
        """Return the node behind a kubeconfig; None for a cluster that is no test bed of ours."""
        if kubeconfig.parent.parent != home() / "runs":
            return None
        node = cls(RunFolder(kubeconfig.parent.name))
        return node if find_init(node.run) is not None else None

    @property
    def programs(self) -> list[str]:
        """The names of the programs that its supervisor keeps running."""
        return [program.name for program in read_list(self.run.path / PROGRAMS)]

    def pid(self, program: str) -> int | None:
        """Return a program's process number as the node sees it; None while it does not run."""
        if program not in self.programs:
            raise PermanentError(f"one of {', '.join(self.programs)}", program, "check the name")
        try:
            return int((self.run.path / "pid" / program).read_text())
        except (FileNotFoundError, ValueError):
            return None

    def kill(self, program: str) -> None:
        """Send SIGKILL to a program; the supervisor starts it again after a second."""
        pid = self.pid(program)
        init = find_init(self.run)
        if pid is None or init is None:
            raise PermanentError(f"a running {program}", "none", "wait until it runs")
        # inside the node's own process namespace a number can only mean one of its processes
        kill = ["nsenter", "--target", str(init), "--pid", "sh", "-c", 'kill -KILL "$0"', str(pid)]
        subprocess.run(kill, check=True)

    @contextmanager
    def without(self, program: str) -> Iterator[None]:
        """Keep a program away for as long as the context lasts, then wait until it is back."""
        hold = self.run.path / "hold" / program
        hold.touch()
        try:
            self.kill(program)
            yield
        finally:
            hold.unlink()
            self.wait_until_back(program)

    def wait_until_back(self, program: str) -> None:
        """Wait until a program runs, and until the API server answers."""
        deadline = time.monotonic() + _BACK_SECONDS
        while self.pid(program) is None and time.monotonic() < deadline:
            time.sleep(0.05)
        cluster = Cluster(self.run.kubeconfig)
        wait_until(cluster.is_ready, f"the API server after {program}'s death", _BACK_SECONDS)
        cluster.close()

    def new_folder(self, name: str) -> Path:
        """Make a folder that pods of any user may mount with hostPath and write to."""
        folder = self.run.folder("volumes", "claims", name)
        folder.chmod(0o777)
        return folder
