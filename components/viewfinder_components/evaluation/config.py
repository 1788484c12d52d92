"""What a user may set about the evaluation; light to import, so that mistakes show at once."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from viewfinder_components.errors import ParameterError
from viewfinder_components.ranges import LARGEST_MEGAPIXELS, need_integer, need_number

if TYPE_CHECKING:  # importing it takes scipy's seconds
    from viewfinder_components.evaluation.gate import Limits


@dataclass(frozen=True)
class EvaluationConfig:
    """What a user may set. Shares lie between 0 and 1."""

    model_root: str
    """Where versions are published; the newest one is the champion."""
    model_name: str
    """The model's name below the root."""
    min_accuracy: float = 0.0
    """Gate: least accuracy; 0 asks for nothing."""
    min_balanced_accuracy: float = 0.0
    """Gate: least balanced accuracy; 0 asks for nothing."""
    max_ece: float = 1.0
    """Gate: largest expected calibration error; 1 asks for nothing."""
    allow_undecided: bool = False
    """Gate: whether to accept a model although the test photos are so few that a guess may be
    right about all of them."""
    confidence: float = 0.95
    """Level of the intervals, above 0 and below 1."""
    samples: int = 64
    """Most test photos to keep for the steps that come later."""
    max_megapixels: float = 120.0
    """Larger photos are not decoded for a champion that wants another size."""

    def __post_init__(self) -> None:
        for name in ("min_accuracy", "min_balanced_accuracy", "max_ece"):
            need_number(name, getattr(self, name), 0, 1)
        if not 0 < self.confidence < 1:
            raise ParameterError("confidence", "a number above 0 and below 1", self.confidence)
        need_integer("samples", self.samples, 1)
        need_number("max_megapixels", self.max_megapixels, 0, LARGEST_MEGAPIXELS, above=True)

    @property
    def limits(self) -> "Limits":
        """The gate's part."""
        from viewfinder_components.evaluation.gate import Limits

        return Limits(
            self.min_accuracy,
            self.min_balanced_accuracy,
            self.max_ece,
            self.confidence,
            self.allow_undecided,
        )
