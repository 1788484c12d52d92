"""The validate step's contract."""

from kfp import dsl

from viewfinder_components.parameters import declares
from viewfinder_components.validation.config import STEP


@dsl.component(base_image=STEP.image, install_kfp_package=False)
@declares(*STEP.configs)
def validate(
    data: str,
    index: dsl.Output[dsl.Dataset],
    pixels: dsl.Output[dsl.Dataset],
    photo_counts: dsl.Output[dsl.Metrics],
    validation_report: dsl.Output[dsl.HTML],
    layout: str,
    image_size: int,
    val_fraction: float,
    test_fraction: float,
    seed: int,
    min_classes: int,
    min_photos_per_class: int,
    min_test_photos_per_class: int,
    max_unreadable: float,
    max_leakage: float,
    max_imbalance: float,
    max_megapixels: float,
    near_duplicate_distance: int,
    corrections: str,
    photos_fingerprint: str,
) -> None:
    """Read every photo once: which ones are usable, which are not and why, and each photo's split.

    Args:
        index: `index.parquet`, one row for every file found, and `summary.json`.
        pixels: The decoded, upright, resized photos.
        photo_counts: Number of files by status.
        validation_report: A page on the photos and what was left out.
    """
    arguments = locals()
    from viewfinder_components.outcome import record_outcome

    with record_outcome("validate", photo_counts) as outcome:
        from pathlib import Path

        from viewfinder_components.parameters import build_config
        from viewfinder_components.validation.config import ValidationConfig
        from viewfinder_components.validation.validate import validate_photos

        config = build_config(ValidationConfig, arguments)
        result = validate_photos(
            data, Path(index.path), Path(pixels.path), Path(validation_report.path), config
        )
        index.metadata.update(data_digest=result.data_digest)
        outcome.succeed(
            result.summary, result.seconds, result.counts, metadata={"index": index.metadata}
        )
