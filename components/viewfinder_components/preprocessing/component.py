"""The preprocess step's contract."""

from kfp import dsl

from viewfinder_components.image import STEPS_IMAGE


@dsl.component(base_image=STEPS_IMAGE, install_kfp_package=False)
def preprocess(
    index: dsl.Input[dsl.Dataset],
    pixels: dsl.Input[dsl.Dataset],
    shards: dsl.Output[dsl.Dataset],
    seed: int = 0,
    photos_per_shard: int = 512,
) -> None:
    """Write the usable photos as shuffled shards, one set a split.

    Args:
        index: The index of the validate step.
        pixels: The decoded photos of the validate step.
        shards: Shards that training reads in order and at full speed.
        seed: Another seed shuffles in another order.
        photos_per_shard: Photos in a shard file.
    """
    import logging
    from pathlib import Path

    from viewfinder_components.preprocessing.write import PreprocessConfig, write_shards

    config = PreprocessConfig(seed=seed, photos_per_shard=photos_per_shard)
    result = write_shards(Path(index.path), Path(pixels.path), Path(shards.path), config)
    shards.metadata.update(seconds=result.seconds, data_digest=result.data_digest)
    logging.info("preprocess: %s", result.summary)
