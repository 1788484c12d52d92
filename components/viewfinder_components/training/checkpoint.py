"""State of a training run on disk, so that a killed run resumes and gives the same result."""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.formats.array_files import DamagedArraysError, reading_arrays
from viewfinder_components.formats.shards import MANIFEST, SPLITS, Shards
from viewfinder_components.storage.locking import locked_in_passing
from viewfinder_components.training.config import TrainConfig

_log = logging.getLogger(__name__)
_FORMAT = 1  # increase it when the meaning of a stored state changes
_LIBRARIES = ("tensorflow", "keras", "openvino", "numpy")


def library_versions() -> dict[str, str]:
    """The releases of the libraries that determine the weights."""
    return {name: version(name) for name in (*_LIBRARIES, "viewfinder")}


def run_digest(shards: Shards, config: TrainConfig, weights_sha256: str) -> str:
    """Identify a training run: equal digests promise equal weights.

    It also covers the shards' order of photos, which their `data_digest` does not: features kept
    by an earlier run must match the labels they were computed with.
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
    """How far a run has progressed, over all its phases."""

    history: tuple[dict[str, Any], ...] = ()
    """One entry per finished epoch."""
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
        """Replace the stored state of `phase` atomically: a kill leaves the old or the new one."""
        path = self._path(phase)
        path.parent.mkdir(parents=True, exist_ok=True)
        arrays = {f"current-{number}": array for number, array in enumerate(state.current)}
        arrays |= {f"best-{number}": array for number, array in enumerate(state.best)}
        arrays["progress"] = np.array(json.dumps(vars(state.progress)))
        temporary = path.with_suffix(".tmp")
        with temporary.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # no array is named allow_pickle
        os.replace(temporary, path)

    def load(self, phase: str) -> TrainingState | None:
        """Read the stored state of `phase`; None if there is none."""
        path = self._path(phase)
        if not path.exists():
            return None
        try:
            with reading_arrays(path) as stored:
                facts = json.loads(str(stored["progress"]))
                current = [stored[f"current-{n}"] for n in range(_count(stored, "current-"))]
                best = [stored[f"best-{n}"] for n in range(_count(stored, "best-"))]
        except DamagedArraysError:
            _log.warning("train: the checkpoint %s is damaged; restarting the phase", path)
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
    """Lock the checkpoint of a run for this process; remove it when the block succeeds.

    A second run of the same digest waits here until the first has ended or died.
    """
    lock_path = root / f"{digest}.lock"
    with locked_in_passing(lock_path, _tell_wait):
        yield Checkpoint(root / digest)
        shutil.rmtree(root / digest, ignore_errors=True)
        lock_path.unlink()
    with suppress(OSError):  # other runs keep their checkpoints next to ours
        root.rmdir()


def _tell_wait() -> None:
    _log.warning("train: waiting for another run with the same data and settings")
