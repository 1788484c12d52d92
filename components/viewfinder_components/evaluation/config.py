"""What a user may set about the evaluation; light to import, so that mistakes show at once."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from viewfinder_components.parameters import INTERNAL, configuration
from viewfinder_components.ranges import Count, Share
from viewfinder_components.shared_parameters import (
    DEFAULT_MAX_MEGAPIXELS,
    MaxMegapixels,
    ModelName,
    ModelRoot,
    RunId,
)
from viewfinder_components.step import Role, Step

if TYPE_CHECKING:  # importing it takes scipy's seconds
    from viewfinder_components.evaluation.gate import Limits


@configuration
class EvaluationConfig:
    """User settings of the evaluate step.

    The champion is the newest version of the model that another run has published.
    """

    model_root: ModelRoot
    model_name: ModelName
    run_id: RunId
    """The run; a version that it published itself is not what it is compared with."""
    min_accuracy: Share = 0.0
    """Gate: lowest accuracy on the test photos."""
    min_balanced_accuracy: Share = 0.0
    """Gate: lowest mean recall of the classes."""
    max_ece: Share = 1.0
    """Gate: largest expected calibration error."""
    allow_undecided: bool = False
    """Gate: whether a model passes if the test photos are too few to judge it.

    They are too few where a guess may be right about all of them.
    """
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Confidence level of the intervals, and of the comparison with the published version."""
    max_megapixels: MaxMegapixels = DEFAULT_MAX_MEGAPIXELS
    samples: Annotated[Count, INTERNAL] = 64
    """Most test photos to keep for the steps that come later."""

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


STEP = Step("evaluate", (EvaluationConfig,), computes=True, reads_photos=True, role=Role.GATE)
