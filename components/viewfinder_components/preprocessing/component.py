"""The preprocess step's contract."""

from kfp import dsl

from viewfinder_components.parameters import declares
from viewfinder_components.preprocessing.config import STEP


@dsl.component(base_image=STEP.image, install_kfp_package=False)
@declares(*STEP.configs)
def preprocess(
    index: dsl.Input[dsl.Dataset],
    pixels: dsl.Input[dsl.Dataset],
    shards: dsl.Output[dsl.Dataset],
    calibration_photos: dsl.Output[dsl.Dataset],
    reference_photos: dsl.Output[dsl.Dataset],
    test_photos: dsl.Output[dsl.Dataset],
    split_counts: dsl.Output[dsl.Metrics],
    seed: int,
) -> None:
    """Assign the usable photos to splits, and set the order in which training sees them.

    Args:
        index: The index of the validate step.
        pixels: The decoded photos of the validate step.
        shards: The photos of each split in order, with their labels.
        calibration_photos: Up to 128 photos of the training split, for export.
        reference_photos: Up to 1,000 photos of the validation split, for export.
        test_photos: Up to 1,000 photos of the test split, for check.
        split_counts: Number of photos in each split.
    """
    arguments = locals()
    from viewfinder_components.outcome import record_outcome

    with record_outcome("preprocess", split_counts) as outcome:
        from pathlib import Path

        from viewfinder_components.parameters import build_config
        from viewfinder_components.preprocessing.config import PreprocessConfig
        from viewfinder_components.preprocessing.draw import draw_photos
        from viewfinder_components.preprocessing.write import write_shards

        config = build_config(PreprocessConfig, arguments)
        result = write_shards(Path(index.path), Path(pixels.path), Path(shards.path), config)
        drawing = draw_photos(
            Path(index.path),
            Path(shards.path),
            Path(calibration_photos.path),
            Path(reference_photos.path),
            Path(test_photos.path),
            config,
        )
        shards.metadata.update(data_digest=result.data_digest)
        outcome.succeed(
            result.summary,
            result.seconds | drawing,
            result.counts,
            metadata={"shards": shards.metadata},
        )
