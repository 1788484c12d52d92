"""What the receiver must know after a restart, in a folder that one receiver has at a time."""

import dataclasses
import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from viewfinder_components.errors import PermanentError, reason_of
from viewfinder_components.spelling import spell
from viewfinder_components.storage.locking import take_lock
from viewfinder_components.whole_files import write_json
from viewfinder_components.writing import writing
from viewfinder_pipelines.runs.record import RunState
from viewfinder_pipelines.runs.typed_values import build

_FILE = "retraining.json"
_LOCK = "lock"
_VERSION = 1
_PATIENCE = 3.0  # seconds; a receiver that was killed holds the lock only briefly
# Of alerts that have started a run; the oldest are forgotten. One notification has up to 1,000.
_MOST_KEYS = 4000
_LAST_TIME = datetime.max.replace(tzinfo=UTC).timestamp()
START_STATES = ("unstarted", "lost", *get_args(RunState))
"""What a start can have become."""


@dataclass(frozen=True)
class Start:
    """A run that was decided on, and what became of it.

    Attributes:
        name: The run's name: its ID on this machine, and on Kubeflow what it is found by.
        reason: Why it begins, as `RunReason.write` returns it.
        decided: When, in seconds since 1970.
        keys: The alerts that it was decided on for; empty for new photos.
        run_id: The run's ID; empty until it has started.
        state: How it ended; `running` until then, `unstarted` if it could not be started, and
            `lost` if its state can no longer be read.
    """

    name: str
    reason: str
    decided: float
    keys: tuple[str, ...] = ()
    run_id: str = ""
    state: str = "running"

    @property
    def is_active(self) -> bool:
        """Whether it is in progress, or still has to start."""
        return self.state == "running"


@dataclass(frozen=True)
class ModelState:
    """What is known about a model.

    Attributes:
        last: The last run.
        keys: The alerts that have started runs, the oldest first.
        listed: The fingerprint of the photos when they were last listed.
        changed: When that fingerprint was first seen, in seconds since 1970.
        base: The run since whose start new photos are counted; empty before the first run.
        base_time: When the photos that do not count as new were listed; 0 if they never were.
    """

    last: Start | None = None
    keys: tuple[str, ...] = ()
    listed: str = ""
    changed: float = 0.0
    base: str = ""
    base_time: float = 0.0

    def with_last(self, last: Start) -> "ModelState":
        """Return the state with another last run, or with what has become of it.

        The alerts of a run that could not be started may start another one.
        """
        others = tuple(key for key in self.keys if key not in last.keys)
        keys = others if last.state == "unstarted" else (*others, *last.keys)
        return dataclasses.replace(self, last=last, keys=keys[-_MOST_KEYS:])


@dataclass(frozen=True)
class State:
    """What the receiver keeps.

    Attributes:
        models: By model.
        version: Version of this format.
    """

    models: dict[str, ModelState] = field(default_factory=dict)
    version: int = _VERSION

    def of(self, model: str) -> ModelState:
        """Return what is known about a model."""
        return self.models.get(model, ModelState())

    def changed(self, model: str, known: ModelState) -> "State":
        """Return the state with something else known about a model."""
        return dataclasses.replace(self, models={**self.models, model: known})


class StateFolder:
    """The folder of the state.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> State:
        """Return the state; an empty one before the first was saved.

        Raises:
            PermanentError: It cannot be read, is damaged, or of another release.
        """
        path = self.path / _FILE
        try:
            state = build(State, json.loads(path.read_bytes()), "the state")
            _check(state)
        except FileNotFoundError:
            return State()
        except OSError as error:
            raise PermanentError(
                f"a state that can be read in {path}", reason_of(error), "correct its permissions"
            ) from error
        except (ValueError, TypeError, RecursionError) as error:
            raise _damaged(path, reason_of(error)) from error
        if state.version != _VERSION:
            raise _damaged(path, f"version {state.version}")
        return state

    def save(self, state: State) -> None:
        """Write the state; what was there before stays if that fails.

        Raises:
            PermanentError: The folder cannot be written, or the disk is full.
            TransientError: The network was away that it is on.
        """
        with writing(self.path, "the receiver's state", f"name another with {spell('state')}"):
            write_json(self.path / _FILE, dataclasses.asdict(state))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other receivers out while the block runs.

        Raises:
            PermanentError: Another receiver uses the folder, or it cannot be written.
        """
        with writing(self.path, "the receiver's state", f"name another with {spell('state')}"):
            self.path.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            self._lock(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _lock(self, descriptor: int) -> None:
        deadline = time.monotonic() + _PATIENCE
        while take_lock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB) is False:
            if time.monotonic() > deadline:
                raise PermanentError(
                    f"a folder for the state that no other receiver uses, {self.path}",
                    "one in use",
                    f"end the other receiver, or name another folder with {spell('state')}",
                )
            time.sleep(0.05)


def _check(state: State) -> None:
    """Raise ValueError for what has the right type, and no meaning."""
    for known in state.models.values():
        times = [known.changed, known.base_time]
        if known.last is not None:
            times.append(known.last.decided)
            if known.last.state not in START_STATES:
                raise ValueError(f"a run in the state {known.last.state!r:.40}")
        if wrong := [time for time in times if not 0 <= time < _LAST_TIME]:
            raise ValueError(f"the time {wrong[0]!r:.40}")


def _damaged(path: Path, received: str) -> PermanentError:
    return PermanentError(
        f"a state of this release in {path}",
        received,
        "delete the file: each alert that still fires may then start another run",
    )
