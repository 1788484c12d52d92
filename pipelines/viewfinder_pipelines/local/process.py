"""The process in which kfp.local runs a compiled pipeline.

A separate process, because kfp.local replaces `builtins.print` and the root logger's handlers in
its process, and may not restore them.
"""

import json
import logging
import os
import subprocess
import sys
import threading
import traceback
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from viewfinder_components.failures import describe_exception
from viewfinder_components.outcome import Outcome
from viewfinder_pipelines.local.job import JOB

# What ends the steps and this process, and then removes their temporary files.
_END = 'kill -s KILL -- "-$1"; sleep 0.2; rm -rf -- "$2"'


def main() -> None:
    """Run the pipeline described by the JSON file named on the command line."""
    job = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    threading.Thread(target=_end_with_parent, args=(job["temporary"],), daemon=True).start()
    # kfp.local replaces every "python3" in a step's arguments by sys.executable, including photos'
    # paths. With this name the replacement changes nothing; our parent put the right
    # interpreter first on PATH.
    sys.executable = "python3"
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
    warnings.filterwarnings("ignore", category=RuntimeWarning, module="kfp.local")
    warnings.filterwarnings("ignore", category=FutureWarning)
    try:
        _run(job)
    except Exception as error:
        traceback.print_exc(file=sys.stdout)
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        print(Outcome(JOB, "failed", now, now, failure=describe_exception(error)).to_line())
        sys.exit(1)


def _run(job: dict[str, Any]) -> None:
    from kfp import components, local

    from viewfinder_pipelines.local.fitting import fit_to_one_machine
    from viewfinder_pipelines.local.kfp_private import announce_iterations, complete_loops

    local.init(
        runner=local.SubprocessRunner(use_venv=False),
        pipeline_root=job["pipeline_root"],
        raise_on_error=False,
        enable_caching=True,
        cache_root=job["cache_root"],
    )
    errors: list[Exception] = []
    announce_iterations(errors)
    complete_loops()
    pipeline = components.load_component_from_text(fit_to_one_machine(Path(job["pipeline"])))
    pipeline(**job["arguments"])
    if errors:
        raise errors[0]


def _end_with_parent(temporary: str) -> None:
    """End this process and its steps when our standard input closes: the runner is gone.

    The runner starts us in our own session, so the process group is ours alone.
    """
    os.read(sys.stdin.fileno(), 1)  # not sys.stdin: its lock would be held when we end
    subprocess.Popen(
        ["sh", "-c", _END, "sh", str(os.getpgrp()), temporary],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # or it would end itself
    )


if __name__ == "__main__":
    main()
