"""The fingerprint step's contract."""

from typing import NamedTuple

from kfp import dsl

from viewfinder_components.fingerprinting.config import STEP
from viewfinder_components.parameters import declares


@dsl.component(base_image=STEP.image, install_kfp_package=False)
@declares(*STEP.configs)
def fingerprint(
    data: str,
    listed_files: dsl.Output[dsl.Metrics],
    layout: str,
    corrections: str,
) -> NamedTuple("Outputs", [("fingerprint", str)]):  # type: ignore[valid-type]
    """List the photos, so that Kubeflow's cache notices when they change.

    Args:
        listed_files: Number of files.

    Returns:
        fingerprint: 64 digits: others if a photo, a label or the corrections have changed.
    """
    arguments = locals()
    from viewfinder_components.outcome import record_outcome

    with record_outcome("fingerprint", listed_files) as outcome:
        from viewfinder_components.fingerprinting.config import FingerprintConfig
        from viewfinder_components.fingerprinting.fingerprint import fingerprint_photos
        from viewfinder_components.parameters import build_config

        config = build_config(FingerprintConfig, arguments)
        result = fingerprint_photos(config)
        outcome.succeed(
            result.summary,
            result.seconds,
            {"files": result.files},
            parameters={"fingerprint": result.value},
        )
    return (result.value,)
