"""With what a served version's photos and answers are compared."""

import logging
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.drift_reference import (
    ANSWER_MEASURES,
    DriftReference,
    Measure,
)
from viewfinder_components.formats.precision import F32, Precision
from viewfinder_components.monitoring.novelty import DRIFT_MODEL, Novelty

NOVELTY = "novelty"
"""The measure that needs the model's features."""
_log = logging.getLogger(__name__)


class Baseline(NamedTuple):
    """A version's drift reference, for the model that is served."""

    reference: DriftReference
    measures: tuple[Measure, ...]
    """Those that this model can be compared in."""
    precision: Precision
    """The precision of the model whose answers are the reference's."""

    novelty: Novelty | None
    """What measures novelty; None where it is not measured."""

    @classmethod
    def read(cls, directory: Path, precision: Precision) -> Self | None:
        """Read a version's reference.

        What the manifest lists has been checked before. A file that cannot be used all the same is
        reported in the log: the model can be served without it.

        Args:
            directory: The version.
            precision: The precision in which it is served.

        Returns:
            None if there is none that can be used.
        """
        try:
            reference = DriftReference.read(directory)
        except PermanentError as error:
            _log.warning("photos are not compared with a reference: %s", error)
            return None
        if reference is None:
            return None
        try:
            novelty = Novelty.read(directory)
        except PermanentError as error:
            _log.warning("novelty is not measured: %s", error)
            novelty = None
        known = precision if precision in reference.answers else F32
        found = cls(reference, reference.of(precision), known, novelty)
        return found if novelty else found._without_novelty()

    def fit(self, features: NDArray[np.float32] | None) -> Self:
        """Return the baseline of a model with these features.

        Args:
            features: float32 `[n, f]` of any photos; None for a model that gives none.

        Returns:
            The baseline, without novelty if it cannot be measured on such features.
        """
        if self.novelty is None:
            return self
        if features is None:
            return self._without_novelty()
        found, expected = features.shape[1], len(self.novelty.centre)
        if found != expected:
            _log.warning(
                "novelty is not measured: the model has %d features, and %s is for %d",
                found,
                DRIFT_MODEL,
                expected,
            )
            return self._without_novelty()
        return self

    def _without_novelty(self) -> Self:
        measures = tuple(one for one in self.measures if one.name != NOVELTY)
        return self._replace(measures=measures, novelty=None)

    def label(self, measure: Measure) -> str:
        """Return the precision in which others must agree for their counts to be added.

        Replicas of a version may serve it in several precisions, whose answers differ. What is
        measured on photos is the same in all of them.

        Returns:
            A precision; empty for a measure of photos.
        """
        return self.precision if measure.name in ANSWER_MEASURES else ""
