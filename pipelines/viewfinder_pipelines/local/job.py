"""Start the process that runs a pipeline on this machine, and end it with all its steps."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from viewfinder_components.spelling import PROGRAM, name_program
from viewfinder_components.whole_files import write_json
from viewfinder_pipelines.runs.outputs import next_try

JOB = "local-job"
"""The name for kfp.local's own failures, outside the steps."""

_TEMPORARY = "tmp-"


@dataclass(frozen=True)
class Job:
    """A pipeline to run.

    Attributes:
        pipeline: The compiled pipeline.
        arguments: The parameters that differ from the pipeline's defaults.
        run_dir: The run's folder: it contains steps, cache and temporary files.
    """

    pipeline: Path
    arguments: Mapping[str, Any]
    run_dir: Path

    @property
    def steps(self) -> Path:
        """Where kfp.local puts the steps' outputs, in a folder for each attempt of the run."""
        return self.run_dir / "steps"

    @property
    def cache(self) -> Path:
        """Where kfp.local keeps the outputs of finished steps."""
        return self.run_dir / "cache"

    def write(self, temporary: Path) -> Path:
        """Write what the process needs to know; return the file."""
        values = {
            "pipeline": str(self.pipeline),
            "arguments": dict(self.arguments),
            "pipeline_root": str(next_try(self.steps)),
            "cache_root": str(self.cache),
            "temporary": str(temporary),
        }
        path = self.run_dir / "job.json"
        write_json(path, values)
        return path


class JobProcess:
    """The process that runs a job."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def lines(self) -> Iterator[str]:
        """Yield the output of the process and its steps until it has ended."""
        yield from _opened(self._process.stdout)

    def end(self) -> int:
        """End it with all its steps; return its exit code, or minus the signal that ended it.

        If it was ended from outside, it leaves a step behind, which would keep running unnoticed.
        """
        os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        return self._process.wait()

    def kill(self) -> None:
        """Kill it and its steps, whatever they are doing."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                _opened(pipe).close()


@contextmanager
def started(job: Job, lock: int) -> Iterator[JobProcess]:
    """Run a job while the block runs; only its results remain afterwards.

    Args:
        job: What to run.
        lock: File descriptor of the run's lock, inherited by the process.
    """
    with _temporary_folder(job.run_dir) as temporary:
        command = [
            # -P: a module in the current directory must not shadow an installed one.
            *(sys.executable, "-P", "-m", "viewfinder_pipelines.local.process"),
            str(job.write(temporary)),
        ]
        process = JobProcess(
            subprocess.Popen(
                command,
                stdin=subprocess.PIPE,  # held open: when it closes, the process and its steps end
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                env=_environment(temporary),
                start_new_session=True,
                pass_fds=(lock,),
            )
        )
        try:
            yield process
        finally:
            process.kill()


def _environment(temporary: Path) -> dict[str, str]:
    bin_dir = str(Path(sys.executable).parent)
    return {
        **os.environ,
        "PATH": os.pathsep.join([bin_dir, os.environ.get("PATH", "")]),
        "PYTHONSAFEPATH": "1",  # kfp starts the steps with `python3 -m`
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TMPDIR": str(temporary),
        PROGRAM: name_program(),
    }


@contextmanager
def _temporary_folder(run_dir: Path) -> Iterator[Path]:
    """Create a run's folder for temporary files; remove it, and that of a killed attempt."""
    for leftover in run_dir.glob(f"{_TEMPORARY}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=run_dir))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _opened(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None  # noqa: S101  (PIPE was asked for)
    return pipe
