"""The select step's contract."""

from typing import NamedTuple

from kfp import dsl

from viewfinder_components.image import STEPS_IMAGE


@dsl.component(base_image=STEPS_IMAGE, install_kfp_package=False)
def select(
    kept_evaluation: dsl.Output[dsl.Artifact],
    selected_version: dsl.Output[dsl.Metrics],
    model_root: str,
    model_name: str,
    version: int = 0,
    compare: bool = True,
) -> NamedTuple("Outputs", [("number", int), ("uri", str)]):  # type: ignore[valid-type]
    """Find the published version that is deployed, and the test photos that it keeps.

    Args:
        kept_evaluation: The version's test photos and what the evaluation said about them.
        selected_version: The version's number, and how many test photos it keeps.
        model_root: Where versions are published.
        model_name: The model's name below the root.
        version: The version's number; 0 for the newest.
        compare: Whether test photos are needed.

    Returns:
        number: The version's number.
        uri: Where the version lies.
    """
    from viewfinder_components.outcome import record_outcome

    with record_outcome("select", selected_version) as outcome:
        from pathlib import Path

        from viewfinder_components.selection.select import SelectConfig, select_version

        config = SelectConfig(
            model_root=model_root, model_name=model_name, version=version, compare=compare
        )
        result = select_version(Path(kept_evaluation.path), config)
        outcome.succeed(
            result.summary,
            result.seconds,
            {"version": result.number, "test_photos": result.photos},
            parameters={"number": result.number, "uri": result.uri},
        )
    return (result.number, result.uri)
