"""The process in which kfp.local runs a compiled pipeline.

A process of its own because kfp.local swaps `builtins.print` and the root logger's handlers of
the process it runs in, and may not hand them back.
"""

import json
import logging
import os
import signal
import sys
import threading
import warnings
from pathlib import Path
from typing import Any


def main() -> None:
    """Run the pipeline described by the JSON file named on the command line."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    job = json.loads(Path(sys.argv[1]).read_text())
    # kfp.local replaces every "python3" in a step's arguments by sys.executable, photos' paths
    # included. With this name the replacement changes nothing; our parent put the right
    # interpreter first on PATH.
    sys.executable = "python3"
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
    warnings.filterwarnings("ignore", category=RuntimeWarning, module="kfp.local")
    warnings.filterwarnings("ignore", category=FutureWarning)

    from kfp import components, local

    local.init(
        runner=local.SubprocessRunner(use_venv=False),
        pipeline_root=job["pipeline_root"],
        raise_on_error=False,
        enable_caching=True,
        cache_root=job["cache_root"],
    )
    pipeline = components.load_component_from_file(job["pipeline"])
    _forget_retries(pipeline.pipeline_spec)
    pipeline(**job["arguments"])


def _forget_retries(specification: Any) -> None:
    """Let a step that fails fail: retries are for pods that are killed, and hide the cause here."""
    for component in specification.components.values():
        for task in component.dag.tasks.values():
            task.ClearField("retry_policy")


def _end_with_parent() -> None:
    """End this process and its steps when our standard input closes: the runner is gone.

    The runner starts us in a session of our own, so the process group is ours alone.
    """
    os.read(sys.stdin.fileno(), 1)  # not sys.stdin: its lock would be held when we end
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main()
