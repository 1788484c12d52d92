"""All steps."""

import re

from viewfinder_components.checking.config import STEP as CHECK
from viewfinder_components.deployment.config import STEP as DEPLOY
from viewfinder_components.evaluation.config import STEP as EVALUATE
from viewfinder_components.export.config import STEP as EXPORT
from viewfinder_components.fingerprinting.config import STEP as FINGERPRINT
from viewfinder_components.prediction.config import CLASSIFY, DIVIDE
from viewfinder_components.prediction.config import STEP as PREDICT
from viewfinder_components.preprocessing.config import STEP as PREPROCESS
from viewfinder_components.publishing.config import STEP as PUBLISH
from viewfinder_components.selection.config import STEP as SELECT
from viewfinder_components.step import Role, Step
from viewfinder_components.training.config import STEP as TRAIN
from viewfinder_components.validation.config import STEP as VALIDATE

STEPS = {
    step.name: step
    for step in (
        FINGERPRINT,
        VALIDATE,
        PREPROCESS,
        TRAIN,
        EVALUATE,
        EXPORT,
        CHECK,
        PUBLISH,
        SELECT,
        DEPLOY,
        DIVIDE,
        CLASSIFY,
        PREDICT,
    )
}
"""The steps by name."""


def find_role(task: str) -> Role | None:
    """Return the role of a step, None if it has no role or is not ours.

    A step in a loop has none: it is for the pipeline to say which of the results counts.

    Args:
        task: The step's name in a pipeline, with a number if the step is used more than once.
    """
    step = find_step(task)
    return step.role if step else None


def find_step(task: str) -> Step | None:
    """Return a step by its name in a pipeline, which may end in a number; None if not ours."""
    return STEPS.get(re.sub(r"-\d+$", "", task))


def declared_name(task: str) -> str:
    """Return the name by which a step calls itself in its log and its outcome.

    Args:
        task: Its name in a run: `train`, `train-2` where the step is used a second time, `train[0]`
            in the first iteration of a loop, `train[0][1]` in a loop within a loop.
    """
    return re.sub(r"(-\d+)?(\[\d+\])*$", "", task)
