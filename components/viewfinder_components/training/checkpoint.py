"""State of a training run on disk, so that a killed run goes on and ends the same."""

import fcntl
import hashlib
import json
import logging
import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.formats.shards import MANIFEST, SPLITS, Shards
from viewfinder_components.storage.locking import take_lock
from viewfinder_components.training.config import TrainConfig

_log = logging.getLogger(__name__)
_FORMAT = 1  # raise it when the meaning of a stored state changes
_LIBRARIES = ("tensorflow", "keras", "openvino", "numpy")


def library_versions() -> dict[str, str]:
    """The releases of the libraries that decide the weights."""
    return {name: version(name) for name in (*_LIBRARIES, "viewfinder")}


def run_digest(shards: Shards, config: TrainConfig, weights_sha256: str) -> str:
    """Name a training run: equal digests promise equal weights.

    It covers the shards' order of photos as well, which their `data_digest` does not: features
    kept by an earlier run must meet the labels they were computed beside.
    """
    digest = hashlib.sha256()
    facts = [_FORMAT, asdict(config), weights_sha256, library_versions()]
    digest.update(json.dumps(facts, sort_keys=True).encode())
    files = [shards.directory / split / name for split in SPLITS for name in _ORDER_FILES]
    for path in (shards.directory / MANIFEST, *files):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:32]


_ORDER_FILES = ("labels.npy", "photos.parquet")


@dataclass(frozen=True)
class TrainingProgress:
    """How far a run is, through all its phases."""

    history: tuple[dict[str, Any], ...] = ()
    """An entry a finished epoch."""
    best_epoch: int = 0
    """The epoch of the weights to keep, counted from 1."""
    best_loss: float = float("inf")
    """Its validation loss."""
    waited: int = 0
    """Epochs since then in the current phase."""
    finished: bool = False
    """Whether the current phase is over."""


@dataclass(frozen=True)
class TrainingState:
    """A run between two epochs of a phase."""

    progress: TrainingProgress
    current: list[NDArray[Any]]
    """Every variable that an epoch may change: weights, averages, random states, optimizer."""
    best: list[NDArray[Any]]
    """The weights, averages and random states of the best epoch."""


@dataclass(frozen=True)
class Checkpoint:
    """The directory of one run."""

    directory: Path

    def save(self, phase: str, state: TrainingState) -> None:
        """Replace what is stored of `phase`, in one move: a kill leaves the old or the new."""
        path = self._path(phase)
        path.parent.mkdir(parents=True, exist_ok=True)
        arrays = {f"current-{number}": array for number, array in enumerate(state.current)}
        arrays |= {f"best-{number}": array for number, array in enumerate(state.best)}
        arrays["progress"] = np.array(json.dumps(vars(state.progress)))
        temporary = path.with_suffix(".tmp")
        with temporary.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # no array is called allow_pickle
        os.replace(temporary, path)

    def load(self, phase: str) -> TrainingState | None:
        """Read what is stored of `phase`; None when there is nothing."""
        path = self._path(phase)
        if not path.exists():
            return None
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                facts = json.loads(str(stored["progress"]))
                current = [stored[f"current-{n}"] for n in range(_count(stored, "current-"))]
                best = [stored[f"best-{n}"] for n in range(_count(stored, "best-"))]
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
            _log.warning("train: the checkpoint %s is damaged; the phase begins again", path)
            return None
        facts["history"] = tuple(facts["history"])
        return TrainingState(TrainingProgress(**facts), current, best)

    def epochs(self) -> int:
        """How many epochs an earlier run has finished, over all phases."""
        states = [self.load(path.stem) for path in self.directory.glob("*.npz")]
        return max((len(state.progress.history) for state in states if state), default=0)

    def _path(self, phase: str) -> Path:
        return self.directory / f"{phase}.npz"


def _count(stored: Any, prefix: str) -> int:
    return sum(name.startswith(prefix) for name in stored.files)


@contextmanager
def held_checkpoint(root: Path, digest: str) -> Iterator[Checkpoint]:
    """Hold the checkpoint of a run for this process alone; remove it when the block succeeds.

    A second run of the same digest waits here until the first has ended or died.
    """
    lock_path = root / f"{digest}.lock"
    with _locked(lock_path):
        yield Checkpoint(root / digest)
        shutil.rmtree(root / digest, ignore_errors=True)
        lock_path.unlink()
    with suppress(OSError):  # other runs keep their checkpoints beside ours
        root.rmdir()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = path.open("w", encoding="utf-8")
        except FileNotFoundError:  # another run has just removed the empty folder
            continue
        if take_lock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB) is False:
            _log.warning("train: another run of the same data and settings is at work; waiting")
            take_lock(file.fileno(), fcntl.LOCK_EX)
        # The run that was waited for has removed the file: a third one may lock a new file.
        with suppress(FileNotFoundError):
            if os.fstat(file.fileno()).st_ino == path.stat().st_ino:
                break
        file.close()
    with file:
        yield
