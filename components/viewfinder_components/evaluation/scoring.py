"""Run the model that will be served over the test photos."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError
from viewfinder_components.inference import InferenceModel
from viewfinder_components.progress import Progress
from viewfinder_components.reports.formatting import plural

BATCH = 256
"""Photos in memory at once: 39 MB at 224 pixels, and work enough for every core."""
_SUM_TOLERANCE = 1e-2  # a softmax in float32 over 1,000 classes is off by less than 1e-5


@dataclass(frozen=True)
class Predictions:
    """What a model says about photos whose class is known."""

    labels: tuple[str, ...]
    """The classes, in the order of the model's outputs."""
    truth: NDArray[np.int32]
    """int32 `[n]`: the place of each photo's class in `labels`."""
    probabilities: NDArray[np.float32]
    """float32 `[n, classes]`, every row sums to 1."""

    def __len__(self) -> int:
        return len(self.truth)

    @cached_property
    def predicted(self) -> NDArray[np.intp]:
        """The place of the most probable class, the first one of equals, intp `[n]`."""
        best: NDArray[np.intp] = self.probabilities.argmax(axis=1)
        return best

    @cached_property
    def confidence(self) -> NDArray[np.float64]:
        """The probability of the predicted class, float64 `[n]`."""
        highest: NDArray[np.float64] = self.probabilities.max(axis=1).astype(np.float64)
        return highest

    @cached_property
    def correct(self) -> NDArray[np.bool_]:
        """Whether the predicted class is the photo's, bool `[n]`."""
        return np.equal(self.predicted, self.truth)


def predict_photos(
    model: InferenceModel, batches: Iterable[NDArray[np.uint8]], photos: int, what: str
) -> NDArray[np.float32]:
    """Return the model's output for every photo.

    Args:
        model: Takes photos of the size that these have.
        batches: uint8 `[some, size, size, 3]` at a time; `BATCH` keeps every core busy.
        photos: How many photos will come, for the log.
        what: The job and its unit, for the log.

    Returns:
        float32 `[n, outputs]`, in the order in which the photos came.

    Raises:
        PermanentError: The output is not a probability for every class.
    """
    progress = Progress(what, photos)
    parts: list[NDArray[np.float32]] = []
    for pixels in batches:
        parts.append(model.predict_many(pixels))
        progress.advance(len(pixels))
    progress.finish()
    return _checked(np.concatenate(parts))


def _checked(outputs: NDArray[np.float32]) -> NDArray[np.float32]:
    bad = ~np.isfinite(outputs).all(axis=1)
    if bad.any():
        raise PermanentError(
            "a finite probability for every class",
            f"NaN or infinity for {int(bad.sum())} of {plural(len(outputs), 'photo')}",
            "train again with a smaller learning rate or precision=float32",
        )
    off = (outputs < -_SUM_TOLERANCE).any(axis=1) | (abs(outputs.sum(axis=1) - 1) > _SUM_TOLERANCE)
    if off.any():
        raise PermanentError(
            "probabilities that sum to 1",
            f"a sum of {outputs[off][0].sum():.4g} for the first "
            f"of {plural(int(off.sum()), 'photo')}",
            "let the model end in a softmax",
        )
    return outputs
