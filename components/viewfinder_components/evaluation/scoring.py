"""Run the model that will be served on the test photos."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError
from viewfinder_components.inference import Answers, InferenceModel
from viewfinder_components.progress import Progress
from viewfinder_components.reports.formatting import plural

BATCH = 256
"""Photos in memory at once: 39 MB at 224 pixels, and enough work for every core."""
_SUM_TOLERANCE = 1e-2  # a softmax in float32 over 1,000 classes is off by less than 1e-5


@dataclass(frozen=True)
class Predictions:
    """A model's outputs for photos of known class."""

    labels: tuple[str, ...]
    """The classes, in the order of the model's outputs."""
    truth: NDArray[np.int32]
    """int32 `[n]`: the position of each photo's class in `labels`."""
    probabilities: NDArray[np.float32]
    """float32 `[n, classes]`, every row sums to 1."""

    def __len__(self) -> int:
        return len(self.truth)

    @cached_property
    def predicted(self) -> NDArray[np.intp]:
        """The position of the most probable class, the first among equals, intp `[n]`."""
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
    model: InferenceModel,
    batches: Iterable[NDArray[np.uint8]],
    photos: int,
    what: str,
    features: bool = False,
) -> Answers:
    """Return the model's output for every photo.

    Args:
        model: Accepts photos of this size.
        batches: uint8 `[some, size, size, 3]` at a time; `BATCH` keeps every core busy.
        photos: Number of photos, for the log.
        what: The job and its unit, for the log.
        features: Whether to return the pooled features as well, if the model has some.

    Returns:
        In the order in which the photos came.

    Raises:
        PermanentError: The output is not a probability for every class.
    """
    progress = Progress(what, photos)
    parts: list[Answers] = []
    for pixels in batches:
        parts.append(model.answer_many(pixels, features=features))
        progress.advance(len(pixels))
    progress.finish()
    outputs = _checked(np.concatenate([part.outputs for part in parts]))
    pooled = [part.features for part in parts if part.features is not None]
    return Answers(outputs, np.concatenate(pooled) if pooled else None)


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
            "end the model with a softmax",
        )
    return outputs
