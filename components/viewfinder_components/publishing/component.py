"""The publish step's contract."""

from typing import NamedTuple

from kfp import dsl

from viewfinder_components.parameters import declares
from viewfinder_components.publishing.config import STEP


@dsl.component(base_image=STEP.image, install_kfp_package=False)
@declares(*STEP.configs)
def publish(
    servable: dsl.Input[dsl.Model],
    published_version: dsl.Output[dsl.Metrics],
    model_root: str,
    model_name: str,
    run_id: str,
    verdict: dsl.Input[dsl.Artifact] = None,
) -> NamedTuple("Outputs", [("number", int), ("uri", str)]):  # type: ignore[valid-type]
    """Put the servable under the model root as an immutable version.

    Args:
        servable: The checked directory of the export step.
        verdict: The check step's verdict, with the precision that is served; without it, f32 is.
        published_version: The version's number.

    Returns:
        number: The version's number.
        uri: Where the version is.
    """
    arguments = locals()
    from viewfinder_components.outcome import record_outcome

    with record_outcome("publish", published_version) as outcome:
        from pathlib import Path

        from viewfinder_components.parameters import build_config
        from viewfinder_components.publishing.config import PublishConfig
        from viewfinder_components.publishing.publish import publish_version

        config = build_config(PublishConfig, arguments)
        result = publish_version(
            Path(servable.path), config, verdict_dir=verdict and Path(verdict.path)
        )
        outcome.succeed(
            result.summary,
            result.seconds,
            {"version": result.number},
            parameters={"number": result.number, "uri": result.uri},
        )
    return (result.number, result.uri)
