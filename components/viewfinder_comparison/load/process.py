"""Start the load generator in a process of its own, on the clients' cores."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from viewfinder_comparison.load.plan import Plan, write_plan
from viewfinder_comparison.load.samples import Samples, read_samples
from viewfinder_comparison.pinning import pinned
from viewfinder_components.errors import TransientError
from viewfinder_components.spelling import spell
from viewfinder_components.storage.temporary_folder import temporary_folder
from viewfinder_components.writing import writing

_START_SECONDS = 60.0


def run_load(plan: Plan, requests: Sequence[bytes], cores: Sequence[int], output: Path) -> Samples:
    """Carry out a plan and keep its samples.

    Args:
        plan: What to send where.
        requests: Complete HTTP/1.1 requests, sent in turn.
        cores: The cores on which the generator may run.
        output: Where the raw samples go, a .npz file.

    Raises:
        PermanentError: The samples cannot be kept.
        TransientError: The generator did not come to its end.
    """
    with temporary_folder("viewfinder-load-") as folder:
        write_plan(folder / "plan.json", plan, requests)
        command = [
            *(sys.executable, "-P", "-m", "viewfinder_comparison.load"),
            *(str(folder / "plan.json"), str(folder / "samples.npz")),
        ]
        with pinned(cores):
            process = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
        try:
            _, log = process.communicate(timeout=plan.seconds + 2 * plan.timeout + _START_SECONDS)
        except subprocess.TimeoutExpired:
            log = b"it did not end in time"
        finally:
            process.kill()
            process.wait()
        if process.returncode != 0:
            raise TransientError(
                "the load generator to carry out its plan",
                log.decode("utf-8", "replace").strip().rpartition("\n")[2] or "nothing",
                "run the command again; what was measured is kept",
            )
        # A move to a full disk names the file that it takes, on another disk.
        with writing(output.parent, "samples", f"name another with {spell('output')}"):
            output.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(folder / "samples.npz", output)
    return read_samples(output)
