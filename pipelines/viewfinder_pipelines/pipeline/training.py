"""The pipeline: photos in, a published and checked model version out."""

from kfp import dsl

from viewfinder_components.checking.component import check
from viewfinder_components.deployment.component import deploy
from viewfinder_components.evaluation.component import evaluate
from viewfinder_components.export.component import export
from viewfinder_components.fingerprinting.component import fingerprint
from viewfinder_components.preprocessing.component import preprocess
from viewfinder_components.publishing.component import publish
from viewfinder_components.training.component import train
from viewfinder_components.validation.component import validate
from viewfinder_pipelines.pipeline.parameter_passing import Given, with_parameters
from viewfinder_pipelines.pipeline.registry import TRAINING
from viewfinder_pipelines.pipeline.retries import retry


@dsl.pipeline(
    name=TRAINING.name,
    display_name=TRAINING.title,
    description="From a folder of labelled photos to a served image classifier.",
)
@with_parameters(TRAINING)
def training_pipeline(given: Given) -> None:
    """Validate, preprocess, train, evaluate; if accepted export, check, publish and deploy."""
    # Not cached: with it, the steps that are cached notice changed photos.
    listed = fingerprint(**given.to(fingerprint)).set_caching_options(False)
    validated = validate(photos_fingerprint=listed.outputs["fingerprint"], **given.to(validate))
    preprocessed = preprocess(
        index=validated.outputs["index"],
        pixels=validated.outputs["pixels"],
        **given.to(preprocess),
    )
    trained = train(shards=preprocessed.outputs["shards"], **given.to(train))
    # Not cached: the result depends on the version published at the time.
    evaluated = evaluate(
        model=trained.outputs["model"],
        index=validated.outputs["index"],
        shards=preprocessed.outputs["shards"],
        **given.to(evaluate),
    ).set_caching_options(False)
    with dsl.If(evaluated.outputs["accepted"] == True, name="accepted"):  # noqa: E712
        exported = export(
            model=trained.outputs["model"],
            evaluation=evaluated.outputs["evaluation"],
            calibration_photos=preprocessed.outputs["calibration_photos"],
            reference_photos=preprocessed.outputs["reference_photos"],
            **given.to(export),
        )
        # Not cached: latency and memory depend on the machine.
        checked = check(
            servable=exported.outputs["servable"],
            evaluation=evaluated.outputs["evaluation"],
            test_photos=preprocessed.outputs["test_photos"],
            **given.to(check),
        ).set_caching_options(False)
        published = publish(
            servable=exported.outputs["servable"],
            verdict=checked.outputs["verdict"],
            **given.to(publish),
        )
        published.after(checked).set_caching_options(False)
        with dsl.If(given["deploy"] == True, name="deploying"):  # noqa: E712
            # Not cached: the result depends on what is currently deployed.
            deployed = deploy(
                evaluation=evaluated.outputs["evaluation"],
                version_uri=published.outputs["uri"],
                version_number=published.outputs["number"],
                **given.to(deploy),
            ).set_caching_options(False)
    # All except validate: anything it refuses, it would refuse again, after rereading every photo.
    retry(listed, preprocessed, trained, evaluated, exported, checked, published, deployed)
