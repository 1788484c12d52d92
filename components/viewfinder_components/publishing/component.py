"""The publish step's contract."""

from typing import NamedTuple

from kfp import dsl

from viewfinder_components.image import STEPS_IMAGE


@dsl.component(base_image=STEPS_IMAGE, install_kfp_package=False)
def publish(
    servable: dsl.Input[dsl.Model],
    published_version: dsl.Output[dsl.Metrics],
    model_root: str,
    model_name: str,
    run_id: str,
) -> NamedTuple("Outputs", [("number", int), ("uri", str)]):  # type: ignore[valid-type]
    """Put the servable under the model root as an immutable version.

    Args:
        servable: The checked directory of the export step.
        published_version: The version's number.
        model_root: Where versions are published.
        model_name: The model's name below the root.
        run_id: The run that made the model; publishing it again returns the same version.

    Returns:
        number: The version's number.
        uri: Where the version lies.
    """
    from viewfinder_components.outcome import record_outcome

    with record_outcome("publish", published_version) as outcome:
        from pathlib import Path

        from viewfinder_components.publishing.publish import PublishConfig, publish_version

        config = PublishConfig(model_root=model_root, model_name=model_name, run_id=run_id)
        result = publish_version(Path(servable.path), config)
        outcome.succeed(
            result.summary,
            result.seconds,
            {"version": result.number},
            parameters={"number": result.number, "uri": result.uri},
        )
    return (result.number, result.uri)
