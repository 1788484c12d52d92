"""User settings of the evaluate step; light to import, so that mistakes show at once."""

from typing import TYPE_CHECKING, Annotated

from viewfinder_components.parameters import INTERNAL, configuration
from viewfinder_components.ranges import Count, Share
from viewfinder_components.run_reason import RunReasonText
from viewfinder_components.shared_parameters import (
    DEFAULT_CONFIDENCE,
    DEFAULT_MAX_MEGAPIXELS,
    DEFAULT_NEAR_DUPLICATE_DISTANCE,
    Confidence,
    MaxMegapixels,
    ModelName,
    ModelRoot,
    NearDuplicateDistance,
    RunId,
)
from viewfinder_components.step import Role, Step

if TYPE_CHECKING:  # importing it loads scipy, which takes seconds
    from viewfinder_components.evaluation.gate import Limits


@configuration
class EvaluationConfig:
    """User settings of the evaluate step.

    The champion is the newest version of the model that another run has published.
    """

    model_root: ModelRoot
    model_name: ModelName
    run_id: RunId
    """The run; it is not compared with a version that it published itself."""
    min_accuracy: Share = 0.0
    """Gate: minimum accuracy on the test photos."""
    min_balanced_accuracy: Share = 0.0
    """Gate: minimum mean recall of the classes."""
    max_ece: Share = 1.0
    """Gate: maximum expected calibration error."""
    allow_undecided: bool = False
    """Gate: whether a model passes if there are too few test photos to judge it.

    There are too few if a guess may be right about all of them.
    """
    confidence: Confidence = DEFAULT_CONFIDENCE
    find_label_issues: bool = True
    """Whether photos of all splits are searched for probable label errors and outliers.

    What is found is in the report and in `label_issues.csv`; it does not affect the decision.
    """
    max_megapixels: MaxMegapixels = DEFAULT_MAX_MEGAPIXELS
    near_duplicate_distance: NearDuplicateDistance = DEFAULT_NEAR_DUPLICATE_DISTANCE
    reason: RunReasonText = ""
    samples: Annotated[Count, INTERNAL] = 64
    """Maximum number of test photos to keep for later steps."""

    @property
    def limits(self) -> "Limits":
        """The settings of the gate."""
        from viewfinder_components.evaluation.gate import Limits

        return Limits(
            self.min_accuracy,
            self.min_balanced_accuracy,
            self.max_ece,
            self.confidence,
            self.allow_undecided,
        )


STEP = Step("evaluate", (EvaluationConfig,), computes=True, reads_photos=True, role=Role.GATE)
