"""The inputs of training: photos from shards, or features computed from them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.formats.shards import Split

Batch = tuple[NDArray[Any], NDArray[np.int32]]


class Examples(Protocol):
    """Inputs of a network and their labels, in any order."""

    @property
    def labels(self) -> NDArray[np.int32]:
        """int32 `[n]`."""

    @property
    def batches_at_once(self) -> int:
        """Number of batches to pass to TensorFlow in one call."""

    def take(self, places: NDArray[np.int64]) -> NDArray[Any]:
        """Return the inputs at `places`, in that order."""


@dataclass(frozen=True)
class FeatureExamples:
    """Features in memory, float32 `[n, f]`."""

    features: NDArray[np.float32]
    labels: NDArray[np.int32]
    batches_at_once: int = 64
    """A step on features takes less time than a call from Python: 64 per call halve the time."""

    def take(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the features at `places`."""
        return self.features[places]


@dataclass(frozen=True)
class PhotoExamples:
    """Photos on disk, uint8 `[n, size, size, 3]`."""

    split: Split
    batches_at_once: int = 1
    """A step takes seconds, and a batch takes megabytes."""

    @property
    def labels(self) -> NDArray[np.int32]:
        """int32 `[n]`."""
        return self.split.labels

    def take(self, places: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Read the photos at `places`."""
        return self.split.take(places)


def in_order(examples: Examples, order: NDArray[np.int64], batch_size: int) -> Iterator[Batch]:
    """Yield the examples in `order`, several batches at once, reading the next in parallel."""
    size = batch_size * examples.batches_at_once
    parts = [order[start : start + size] for start in range(0, len(order), size)]
    with ThreadPoolExecutor(1) as reader:
        pending = [reader.submit(examples.take, part) for part in parts[:1]]
        for number, part in enumerate(parts):
            inputs = pending.pop().result()
            if number + 1 < len(parts):
                pending.append(reader.submit(examples.take, parts[number + 1]))
            yield inputs, examples.labels[part]
