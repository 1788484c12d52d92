"""The receiver's runs on this machine, each in a process of its own."""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from viewfinder_components.errors import PermanentError, TransientError, reason_of
from viewfinder_components.whole_files import write_json
from viewfinder_components.writing import HOME, writing
from viewfinder_pipelines.local.runner import plan_run
from viewfinder_pipelines.runs.record import RECORD_FILE, RunResult
from viewfinder_pipelines.settings.environment import Settings

_log = logging.getLogger(__name__)

_MODULE = "viewfinder_pipelines.retraining.local_run"
_JOB = "start.json"
_OUTPUT = "start.log"
_POLL_SECONDS = 0.2
_SHOWN = 500  # characters of a process's last words


class LocalRunner:
    """A `Runner` whose runs have the receiver's lifetime, and are resumed by the next receiver.

    A receiver that is killed leaves the process of its run behind, which finishes the run; where
    everything ends at once, as in a container, the run is interrupted.

    Args:
        settings: Where this machine keeps runs.
    """

    poll_seconds = 5.0

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._launching = threading.Lock()
        self._is_closed = False

    def check(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the parameters that a run gets; see `Runner.check`."""
        return plan_run(parameters, self._settings).arguments

    def find(self, name: str) -> str | None:
        """Return the ID of the run of a name, which is the name; see `Runner.find`."""
        return name if (self._settings.runs / name / RECORD_FILE).exists() else None

    def start(self, name: str, parameters: Mapping[str, Any]) -> str:
        """Start a process, and wait until its run has a record; see `Runner.start`."""
        self._launch(name, {"parameters": {**parameters, "run_id": name}})
        process = self._processes[name]
        while self.find(name) is None:
            if process.poll() is not None and self.find(name) is None:
                raise PermanentError(
                    f"run {name} to start", self._read_last_words(name), "correct the settings"
                )
            time.sleep(_POLL_SECONDS)
        return name

    def recover(self, run_id: str) -> None:
        """Resume a run that ended with an earlier receiver; see `Runner.recover`."""
        if self._load(run_id).state == "interrupted":
            _log.info("run %s was interrupted; it is resumed", run_id)
            self._launch(run_id, {"resume": run_id})

    def read(self, run_id: str) -> str:
        """Return a run's state; see `Runner.read`."""
        process = self._processes.get(run_id)
        if process is not None and process.poll() is None:
            return "running"
        self._processes.pop(run_id, None)
        return self._load(run_id).state

    def close(self) -> None:
        """Interrupt the run in progress, and wait for its end."""
        with self._launching:
            self._is_closed = True
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.wait()

    def _load(self, run_id: str) -> RunResult:
        return RunResult.load(self._settings.runs / run_id)

    def _launch(self, name: str, job: Mapping[str, Any]) -> None:
        folder = self._settings.runs / name
        with self._launching, writing(folder, *HOME):
            if self._is_closed:
                raise TransientError("a receiver that goes on", "one that ends", "start it again")
            folder.mkdir(parents=True, exist_ok=True)
            write_json(folder / _JOB, {**job, "home": str(self._settings.home)})
            self._processes[name] = self._spawn(folder)

    def _spawn(self, folder: Path) -> "subprocess.Popen[bytes]":
        with (folder / _OUTPUT).open("ab") as output:
            # A session of its own: Ctrl-C would reach it twice.
            return subprocess.Popen(
                [sys.executable, "-P", "-m", _MODULE, str(folder / _JOB)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _read_last_words(self, name: str) -> str:
        path: Path = self._settings.runs / name / _OUTPUT
        try:
            lines = path.read_text("utf-8", "replace").strip().splitlines()
        except OSError as error:
            return f"a process whose words cannot be read ({reason_of(error)})"
        return lines[-1][:_SHOWN] if lines else "a process that wrote nothing"
