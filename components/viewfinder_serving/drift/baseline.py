"""With what a served version's photos and answers are compared."""

import logging
from pathlib import Path
from typing import NamedTuple, Self

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.drift_reference import (
    ANSWER_MEASURES,
    DriftReference,
    Measure,
)
from viewfinder_components.formats.precision import F32, Precision

_log = logging.getLogger(__name__)


class Baseline(NamedTuple):
    """A version's drift reference, for the model that is served."""

    reference: DriftReference
    measures: tuple[Measure, ...]
    """Those that this model can be compared in."""
    precision: Precision
    """The precision of the model whose answers are the reference's."""

    @classmethod
    def read(cls, directory: Path, precision: Precision) -> Self | None:
        """Read a version's reference.

        What the manifest lists has been checked before. A reference that cannot be used all the
        same is reported in the log: the model can be served without it.

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
        known = precision if precision in reference.answers else F32
        return cls(reference, reference.of(precision), known)

    def label(self, measure: Measure) -> str:
        """Return the precision in which others must agree for their counts to be added.

        Replicas of a version may serve it in several precisions, whose answers differ. What is
        measured on photos is the same in all of them.

        Returns:
            A precision; empty for a measure of photos.
        """
        return self.precision if measure.name in ANSWER_MEASURES else ""
