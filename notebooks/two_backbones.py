"""A pipeline of your own: several backbones, trained on the same photos; the best is published.

It is built from the steps' components and two components of its own. `require_resolution` is a
check that this project does not have: it ends the run if too many photos are small. `choose`
compares the models of a loop. Both run in the image of the steps, so that they may use its
packages; kfp ships their source, so that what they need is imported or defined within them.
"""

from typing import NamedTuple

from kfp import dsl

from viewfinder import (
    STEPS,
    Count,
    Given,
    ModelName,
    ModelRoot,
    PipelineDefinition,
    RunId,
    Share,
    configuration,
    with_parameters,
)
from viewfinder_components.evaluation.component import evaluate
from viewfinder_components.export.component import export
from viewfinder_components.fingerprinting.component import fingerprint
from viewfinder_components.preprocessing.component import preprocess
from viewfinder_components.publishing.component import publish
from viewfinder_components.training.component import train
from viewfinder_components.validation.component import validate

BACKBONES = ["efficientnet-lite0", "scratch"]
IMAGE = STEPS["train"].image


@configuration
class Parameters:
    """The pipeline's own parameters; those of the steps are added to them."""

    model_root: ModelRoot
    model_name: ModelName = "classifier"
    run_id: RunId = "[[RunUUID]]"
    """Name of the run in the manifest of the version; Kubeflow replaces the default with its ID."""
    smallest_side: Count = 64
    """Pixels that the shorter side of a photo should have."""
    small_photos: Share = 0.1
    """Share of smaller photos that is accepted."""


TWO_BACKBONES = PipelineDefinition(
    name="two-backbones",
    summary="Several backbones, trained on the same photos; the best one is published.",
    function=f"{__name__}:two_backbones",
    steps=tuple(
        STEPS[name]
        for name in (
            "fingerprint",
            "validate",
            "preprocess",
            "train",
            "evaluate",
            "export",
            "publish",
        )
    ),
    own=(Parameters,),
    gated="export",
    not_exposed=frozenset({"backbone", "photos_fingerprint"}),
)


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def require_resolution(
    index: dsl.Input[dsl.Dataset],
    metrics: dsl.Output[dsl.Metrics],
    smallest_side: int,
    small_photos: float,
) -> None:
    """Refuse photos of which too many are small."""
    from viewfinder import PermanentError, record_outcome

    with record_outcome("require-resolution", metrics) as outcome:
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        table = pq.read_table(f"{index.path}/index.parquet")
        used = table.filter(pc.equal(table["status"], "used"))
        sides = pc.min_element_wise(used["width"], used["height"])
        share = pc.mean(pc.less(sides, smallest_side).cast("float64")).as_py()
        if share > small_photos:
            raise PermanentError(
                f"at most {small_photos:.0%} photos of less than {smallest_side} pixels",
                f"{share:.0%}",
                "take larger photos, or lower smallest_side",
            )
        outcome.succeed(
            f"{share:.1%} of the photos have less than {smallest_side} pixels",
            metrics={"small_photos": share},
        )


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def choose(
    models: dsl.Input[list[dsl.Model]],
    evaluations: dsl.Input[list[dsl.Artifact]],
    model: dsl.Output[dsl.Model],
    evaluation: dsl.Output[dsl.Artifact],
    metrics: dsl.Output[dsl.Metrics],
) -> NamedTuple("Outputs", [("accepted", bool)]):  # type: ignore[valid-type]
    """Choose the model with the highest validation accuracy; pass it on with its evaluation.

    The test photos must not decide: the highest of several test accuracies is too high by chance.
    """
    from viewfinder import PermanentError, read_evaluation, read_training, record_outcome

    with record_outcome("choose", metrics) as outcome:
        import shutil

        trained = [read_training(one.path) for one in models]
        accuracies = [one["best"]["val_accuracy"] for one in trained]
        if None in accuracies:
            raise PermanentError(
                "validation photos, by which a model is chosen",
                "none",
                "raise val_fraction, or put photos into the folder of the validation split",
            )
        best = accuracies.index(max(accuracies))
        evaluated = read_evaluation(evaluations[best].path)
        for chosen, output in ((models[best], model), (evaluations[best], evaluation)):
            shutil.copytree(chosen.path, output.path, dirs_exist_ok=True)
            output.metadata.update(chosen.metadata)
        accepted = bool(evaluated["accepted"])
        names = [one["backbone"] for one in trained]
        told = ", ".join(f"{name} {one:.1%}" for name, one in zip(names, accuracies, strict=True))
        outcome.succeed(
            f"{names[best]} has the best validation accuracy of {told}",
            metrics={
                "val_accuracy": accuracies[best],
                "accuracy": evaluated["metrics"]["accuracy"],
            },
            parameters={"accepted": accepted},
        )
    return (accepted,)


@dsl.pipeline(name=TWO_BACKBONES.name)
@with_parameters(TWO_BACKBONES)
def two_backbones(given: Given) -> None:
    """Validate, check the photos' size, preprocess; train and evaluate each backbone; publish."""
    # On Kubeflow, so that the cache notices changed photos; a run on one machine leaves it out.
    listed = fingerprint(**given.to(fingerprint)).set_caching_options(False)
    validated = validate(photos_fingerprint=listed.outputs["fingerprint"], **given.to(validate))
    large = require_resolution(index=validated.outputs["index"], **given.to(require_resolution))
    preprocessed = preprocess(
        index=validated.outputs["index"],
        pixels=validated.outputs["pixels"],
        **given.to(preprocess),
    ).after(large)
    with dsl.ParallelFor(BACKBONES) as backbone:
        trained = train(shards=preprocessed.outputs["shards"], backbone=backbone, **given.to(train))
        evaluated = evaluate(
            model=trained.outputs["model"],
            index=validated.outputs["index"],
            shards=preprocessed.outputs["shards"],
            **given.to(evaluate),
        ).set_caching_options(False)  # the model published before may be another one
    chosen = choose(
        models=dsl.Collected(trained.outputs["model"]),
        evaluations=dsl.Collected(evaluated.outputs["evaluation"]),
    ).set_caching_options(False)
    with dsl.If(chosen.outputs["accepted"] == True):  # noqa: E712
        exported = export(
            model=chosen.outputs["model"],
            evaluation=chosen.outputs["evaluation"],
            **given.to(export),
        )
        publish(servable=exported.outputs["servable"], **given.to(publish)).set_caching_options(
            False
        )
