"""A pipeline of one's own, built from the components as a user would."""

from kfp import dsl

from viewfinder_components.parameters import configuration
from viewfinder_components.preprocessing.component import preprocess
from viewfinder_components.steps import STEPS
from viewfinder_components.training.component import train
from viewfinder_components.validation.component import validate
from viewfinder_components.validation.config import PhotoSource
from viewfinder_pipelines.pipeline.definition import PipelineDefinition
from viewfinder_pipelines.pipeline.parameter_passing import Given, with_parameters


@configuration
class Comparison:
    """What is compared."""

    other_backbone: str = "scratch"
    """The network beside the usual one."""


COMPARISON = PipelineDefinition(
    name="comparison",
    summary="Two networks, trained on the same photos.",
    function=f"{__name__}:comparison",
    steps=(STEPS["validate"], STEPS["preprocess"], STEPS["train"]),
    own=(PhotoSource, Comparison),
)


@dsl.pipeline(name=COMPARISON.name)
@with_parameters(COMPARISON)
def comparison(given: Given) -> None:
    """Train two networks on the same photos."""
    validated = validate(**given.to(validate))
    preprocessed = preprocess(
        index=validated.outputs["index"],
        pixels=validated.outputs["pixels"],
        **given.to(preprocess),
    )
    shards = preprocessed.outputs["shards"]
    train(shards=shards, **given.to(train))
    # A component that is given nothing else has the declared defaults.
    train(shards=shards, backbone=given["other_backbone"], epochs=1)
