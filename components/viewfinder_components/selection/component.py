"""The select step's contract."""

from typing import NamedTuple

from kfp import dsl

from viewfinder_components.parameters import declares
from viewfinder_components.selection.config import STEP


@dsl.component(base_image=STEP.image, install_kfp_package=False)
@declares(*STEP.configs)
def select(
    kept_evaluation: dsl.Output[dsl.Artifact],
    selected_version: dsl.Output[dsl.Metrics],
    model_root: str,
    model_name: str,
    version: int,
    compare: bool,
) -> NamedTuple("Outputs", [("number", int), ("uri", str)]):  # type: ignore[valid-type]
    """Find the published version to deploy, and the test photos kept with it.

    Args:
        kept_evaluation: The version's test photos and the evaluation's outputs for them.
        selected_version: The version's number, and how many test photos are kept with it.

    Returns:
        number: The version's number.
        uri: Where the version is.
    """
    arguments = locals()
    from viewfinder_components.outcome import record_outcome

    with record_outcome("select", selected_version) as outcome:
        from pathlib import Path

        from viewfinder_components.parameters import build_config
        from viewfinder_components.selection.config import SelectConfig
        from viewfinder_components.selection.select import select_version

        config = build_config(SelectConfig, arguments)
        result = select_version(Path(kept_evaluation.path), config)
        outcome.succeed(
            result.summary,
            result.seconds,
            {"version": result.number, "test_photos": result.photos},
            parameters={"number": result.number, "uri": result.uri},
        )
    return (result.number, result.uri)
