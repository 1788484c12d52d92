"""From a request's photos to probabilities: the work that occupies a core."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.photos.decode import PhotoError, Plan, plan_photo
from viewfinder_components.photos.room import SMALL_BYTES, DecodingRoom, OutOfTimeError
from viewfinder_serving import metrics
from viewfinder_serving.drift.counting import DriftCounts
from viewfinder_serving.refusals import RefusedError
from viewfinder_serving.servable import Servable
from viewfinder_serving.tracing.request_trace import RequestTrace, phase

# A request with more pixels than this takes about a second on one core.
_LIGHT_PIXELS = 100_000_000
# For how long a batch of many photos keeps others waiting for its core: a few photos of small
# models. Passing the core on takes a tenth of a millisecond.
_TURN_SECONDS = 0.025


class Outputs(NamedTuple):
    """What the model says about a request's photos."""

    rows: NDArray[np.float32]
    """Probabilities, float32 `[n, labels]`."""
    sizes: list[tuple[int, int]]
    """Each photo's width and height, upright, in pixels."""
    maps: list[NDArray[np.float32]]
    """For an explanation, each photo's map of its most probable class, float32 `[rows, columns]`;
    else empty."""


@dataclass
class Batch:
    """A request whose photos' headers have been read, and what has been found so far.

    Attributes:
        photos: Encoded pictures.
        plans: How to decode each photo.
        deadline: When to stop, in seconds of `time.monotonic`.
        word: Makes the answer.
        explained: Whether maps are wanted.
        found: What the model has said about the first photos.
        measured: Of some of these, what is compared with the drift reference.
        trace: Where the time goes; None for no trace.
    """

    photos: Sequence[bytes]
    plans: list[Plan]
    deadline: float
    word: Callable[[Outputs], Any]
    explained: bool
    found: Outputs
    measured: list[dict[str, float]] = field(default_factory=list)
    trace: RequestTrace | None = None

    @property
    def is_heavy(self) -> bool:
        """Whether it takes so much memory or time that others should not wait behind it."""
        pixels = sum(plan.width * plan.height for plan in self.plans)
        return pixels > _LIGHT_PIXELS or any(plan.bytes > SMALL_BYTES for plan in self.plans)


class Classifier:
    """Decode photos and run the model on them. Thread-safe.

    Args:
        servable: The loaded model.
        max_pixels: Largest photo, in pixels.
        room: Memory for the photos that are decoded at the same time.
    """

    def __init__(self, servable: Servable, max_pixels: int, room: DecodingRoom) -> None:
        self.labels = servable.labels
        self.explanation_method = servable.model.explanation_method
        self._model = servable.model
        self._max_pixels = max_pixels
        self._room = room
        self._counts = metrics.PredictionCounts(servable.labels)
        self._drift = (
            DriftCounts(servable.baseline, servable.version, servable.labels)
            if servable.baseline
            else None
        )

    def prepare(
        self,
        photos: Sequence[bytes],
        deadline: float,
        word: Callable[[Outputs], Any],
        explained: bool = False,
    ) -> Batch:
        """Read the photos' headers.

        Args:
            photos: Encoded pictures, at least one.
            deadline: When to stop, in seconds of `time.monotonic`.
            word: Makes the answer.
            explained: Whether maps are wanted; then `explanation_method` is not None.

        Raises:
            RefusedError: A photo cannot be opened, or the deadline has passed.
        """
        plans = []
        for index, photo in enumerate(photos):
            with _refusing(index, len(photos)):
                _need_time(deadline)
                plan = plan_photo(photo, self._model.image_size, self._max_pixels, deadline)
                plan.need_room(self._room)
            plans.append(plan)
        rows = np.empty((len(plans), len(self.labels)), np.float32)
        return Batch(photos, plans, deadline, word, explained, Outputs(rows, [], []))

    def advance(self, batch: Batch, is_alone: Callable[[], bool]) -> Any:
        """Classify photos of a batch for one turn, at least one of them.

        Photos go through the model one by one: on a CPU the activations of one photo stay in the
        cache, which gave 105 photos per second against 59 in batches of 8.

        Args:
            batch: The batch.
            is_alone: Whether there is no other batch now.

        Returns:
            The answer if that was the last photo, else None.

        Raises:
            RefusedError: A photo cannot be opened, or the deadline has passed.
        """
        end = time.monotonic() + _TURN_SECONDS
        while len(batch.found.sizes) < len(batch.plans):
            self._classify(batch, len(batch.found.sizes), is_alone)
            if time.monotonic() > end:
                break
        if len(batch.found.sizes) < len(batch.plans):
            return None
        if not np.isfinite(batch.found.rows).all():
            raise ArithmeticError("the model returned a probability that is not a number")
        self._counts.count(batch.found.rows)
        if self._drift:
            self._drift.count(batch.measured)
        return batch.word(batch.found)

    def _classify(self, batch: Batch, index: int, is_alone: Callable[[], bool]) -> None:
        """Decode one photo and run the model on it.

        Raises:
            RefusedError: As `advance` does.
        """
        _need_time(batch.deadline)
        decoding = phase(batch.trace, "decode", index)
        with _refusing(index, len(batch.plans)), metrics.DECODE_SECONDS.time(), decoding:
            photo = batch.plans[index].decode(self._room)
        pixels = np.asarray(photo.picture)
        _need_time(batch.deadline)
        drift = self._drift if self._drift and self._drift.choose() else None
        features = drift is not None
        with metrics.INFERENCE_SECONDS.time(), phase(batch.trace, "inference", index):
            if batch.explained:
                explained = self._model.explain(pixels, is_alone(), features)
                answers = explained.answers
                batch.found.maps.append(explained.class_map)
            else:
                answers = self._model.answer(pixels[np.newaxis], is_alone(), features)
        batch.found.rows[index] = answers.outputs[0]
        batch.found.sizes.append((photo.width, photo.height))
        if drift:
            batch.measured.append(drift.measure(batch.photos[index], photo, pixels, answers))


@contextmanager
def _refusing(index: int, photos: int) -> Iterator[None]:
    """Refuse the request because of the photo at an index."""
    try:
        yield
    except PhotoError as error:
        metrics.PHOTOS_REFUSED.labels(error.kind).inc()
        raise RefusedError(
            "readable photos" if photos > 1 else "a readable photo",
            f"one {f'at index {index} ' if photos > 1 else ''}that cannot be used "
            f"({error.kind}): {error}",
            "leave it out, or send a better copy",
            status=413 if error.kind == "too_large" else 400,
        ) from error
    except OutOfTimeError as error:
        raise _too_late() from error


def _need_time(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise _too_late()


def _too_late() -> RefusedError:
    return RefusedError(
        "an answer within the server's time for a request",
        "more work than fits in it",
        "send fewer or smaller photos, or try again later",
        status=503,
        headers={"retry-after": "5"},
    )
