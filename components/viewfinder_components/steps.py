"""All steps there are."""

import re

from viewfinder_components.checking.config import STEP as CHECK
from viewfinder_components.deployment.config import STEP as DEPLOY
from viewfinder_components.evaluation.config import STEP as EVALUATE
from viewfinder_components.export.config import STEP as EXPORT
from viewfinder_components.preprocessing.config import STEP as PREPROCESS
from viewfinder_components.publishing.config import STEP as PUBLISH
from viewfinder_components.selection.config import STEP as SELECT
from viewfinder_components.step import Role, Step
from viewfinder_components.training.config import STEP as TRAIN
from viewfinder_components.validation.config import STEP as VALIDATE

STEPS = {
    step.name: step
    for step in (
        VALIDATE,
        PREPROCESS,
        TRAIN,
        EVALUATE,
        EXPORT,
        CHECK,
        PUBLISH,
        SELECT,
        DEPLOY,
    )
}
"""By their names."""


def find_role(task: str) -> Role | None:
    """Return the role of a step, None for one without a role or that is not ours.

    Args:
        task: The step's name in a pipeline, which has a number where the step is used again.
    """
    step: Step | None = STEPS.get(re.sub(r"-\d+$", "", task))
    return step.role if step else None
