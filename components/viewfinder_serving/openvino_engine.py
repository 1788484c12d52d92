"""Run an OpenVINO model with all cores for one photo, or with some of them for each of several."""

import logging
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.explanation.class_map import Method
from viewfinder_components.formats.precision import F32, MODEL_FILES, Precision
from viewfinder_components.inference import Answers, Explained, InferenceModel
from viewfinder_components.reports.formatting import plural
from viewfinder_serving.stream_room import count_streams

_log = logging.getLogger(__name__)


class OpenVinoEngine:
    """Two compilations of one model: a photo has all cores while it is alone, else its own.

    All cores together answer one photo soonest. But they wait for each other after every layer, and
    OpenVINO's threads are busy while they wait, so photos that are there at the same time are
    answered at a higher rate if each has cores of its own: one, or where there are many the few
    that OpenVINO chooses. `make benchmark BENCHMARK=engine` compares the two.

    Thread-safe.

    Args:
        alone: Compiled for one photo at a time.
        together: Compiled for several at a time.
    """

    def __init__(self, alone: InferenceModel, together: InferenceModel) -> None:
        self.image_size = alone.image_size
        self.explanation_method: Method | None = alone.explanation_method
        self._alone = alone
        self._together = together

    @classmethod
    def load(
        cls,
        directory: Path,
        threads: int | None,
        explains: bool,
        precision: Precision = F32,
        spare: int | None = None,
        features: bool = False,
    ) -> Self:
        """Read a version's model.

        Args:
            directory: Where they are.
            threads: Cores that the model may use; None for all.
            explains: Whether the model shall explain its answers, where it can.
            precision: What it computes in.
            spare: Bytes of memory for the model; None for no limit.
            features: Whether it will be asked for the features that its head sees.

        Raises:
            PermanentError: It is not a model of photos.
        """

        def compile_for(hint: str, most: int | None = None) -> InferenceModel:
            return InferenceModel.load(
                directory, hint, threads, explains, precision, most, features
            )

        alone = compile_for("LATENCY")
        most = None
        if spare is not None:
            weights = (directory / MODEL_FILES[precision][1]).stat().st_size
            most = count_streams(spare, weights, alone.image_size)
        is_one = threads == 1 or most == 1
        together = alone if is_one else compile_for("THROUGHPUT", most)
        _log.info(
            "the model computes up to %s at a time%s",
            plural(together.streams, "photo"),
            "" if most is None else f"; there is memory for {most}",
        )
        return cls(alone, together)

    def answer(
        self, pixels: NDArray[np.uint8], alone: bool = False, features: bool = False
    ) -> Answers:
        """Run one batch.

        Args:
            pixels: uint8 `[n, size, size, 3]`, RGB.
            alone: Whether no other photos are there, so that it may have all cores.
            features: Whether to return the features as well.
        """
        return self._choose(alone).answer(pixels, features)

    def explain(
        self, pixels: NDArray[np.uint8], alone: bool = False, features: bool = False
    ) -> Explained:
        """Run one photo, and spread the logit of its most probable class over it.

        Args:
            pixels: uint8 `[size, size, 3]`, RGB.
            alone: As for `answer`.
            features: As for `answer`.

        Raises:
            PermanentError: `explanation_method` is None.
        """
        return self._choose(alone).explain(pixels, features=features)

    def _choose(self, alone: bool) -> InferenceModel:
        return self._alone if alone else self._together
