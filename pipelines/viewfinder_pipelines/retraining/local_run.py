"""The process of a run that a receiver starts: SIGTERM interrupts the run, to be resumed."""

import json
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from viewfinder_components.errors import ViewfinderError
from viewfinder_pipelines.local.runner import RunPlan, plan_run, resume_run, run_pipeline
from viewfinder_pipelines.runs.events import Event
from viewfinder_pipelines.runs.record import RunResult
from viewfinder_pipelines.settings.environment import Settings


def main(path: Path) -> int:
    """Do what a file says: run a new run, or resume one; return the exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        run_pipeline(_plan(json.loads(path.read_bytes())), _ignore)
    except ViewfinderError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _plan(job: dict[str, Any]) -> RunPlan:
    settings = Settings.at(job["home"])
    if "resume" in job:
        return resume_run(job["resume"], settings)
    return plan_run(job["parameters"], settings)


def _ignore(event: Event, result: RunResult) -> None:
    """The run's record and log have everything."""


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
