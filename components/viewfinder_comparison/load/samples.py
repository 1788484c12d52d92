"""What became of every request of a measurement: the raw samples, kept compressed."""

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Outcome(IntEnum):
    """What became of a request."""

    ANSWERED = 0
    REFUSED = 1
    FAILED = 2
    UNANSWERED = 3
    LOST = 4


class Sample(NamedTuple):
    """One request."""

    due: float
    """When it was due, in seconds from the start; with closed-loop load, when it was sent."""
    sent: float
    """When it was sent, in seconds from the start."""
    seconds: float
    """From `due` to the answer or the end of the wait."""
    outcome: Outcome


@dataclass(frozen=True)
class Samples:
    """All requests of a measurement, one element each."""

    due: NDArray[np.float64]
    sent: NDArray[np.float64]
    seconds: NDArray[np.float64]
    outcome: NDArray[np.uint8]
    cpu_seconds: float
    """Processor time that the load generator took."""

    @classmethod
    def of(cls, samples: list[Sample], cpu_seconds: float) -> "Samples":
        """Gather samples, in the order in which they were due."""
        ordered = sorted(samples)
        times = np.array([sample[:3] for sample in ordered], np.float64).reshape(-1, 3)
        outcome = np.array([sample.outcome for sample in ordered], np.uint8)
        return cls(times[:, 0], times[:, 1], times[:, 2], outcome, cpu_seconds)

    @property
    def answered(self) -> NDArray[np.bool_]:
        """Which requests were answered."""
        return np.equal(self.outcome, Outcome.ANSWERED)

    @property
    def latencies(self) -> NDArray[np.float64]:
        """Seconds until each answer; requests without one are left out."""
        return self.seconds[self.answered]

    @property
    def duration(self) -> float:
        """Seconds from the start to the last end of a request."""
        return float((self.due + self.seconds).max(initial=0))

    def answers_per_second(self, seconds: float) -> float:
        """Return the throughput until the last answer.

        Args:
            seconds: How long requests were sent, at least.
        """
        ends = (self.due + self.seconds)[self.answered]
        return int(self.answered.sum()) / max(seconds, float(ends.max(initial=0)))

    def share_within(self, seconds: float) -> float:
        """Return the share of all requests that were answered in this time."""
        in_time = self.answered & (self.seconds <= seconds)
        return float(in_time.mean()) if len(self.seconds) else 0.0

    def count(self, outcome: Outcome) -> int:
        """Return how many requests had an outcome."""
        return int((self.outcome == outcome).sum())


def write_samples(path: Path, samples: Samples) -> None:
    """Write samples as a compressed .npz file; times are in single precision."""
    np.savez_compressed(
        path,
        due=samples.due.astype(np.float32),
        sent=samples.sent.astype(np.float32),
        seconds=samples.seconds.astype(np.float32),
        outcome=samples.outcome,
        cpu_seconds=np.float64(samples.cpu_seconds),
    )


def read_samples(path: Path) -> Samples:
    """Read what `write_samples` wrote."""
    with np.load(path) as file:
        return Samples(
            file["due"].astype(np.float64),
            file["sent"].astype(np.float64),
            file["seconds"].astype(np.float64),
            file["outcome"],
            float(file["cpu_seconds"]),
        )
