import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from viewfinder_components.formats.shards import Shards, Split
from viewfinder_components.inference import InferenceModel
from viewfinder_components.training.backbones import build_backbone
from viewfinder_components.training.features import compute_features
from viewfinder_components.training.learning import tensorflow_extractor
from viewfinder_components.training.openvino_ir import to_openvino


@pytest.fixture(scope="module")
def split(make_shards) -> Split:
    return Shards.open(make_shards(32)).split("train")


class Means:
    """An extractor that counts: mean red, green and blue."""

    def __init__(self, stop_after: int = 99) -> None:
        self.calls, self.stop_after = 0, stop_after

    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        if self.calls == self.stop_after:
            raise KeyboardInterrupt
        self.calls += 1
        return pixels.mean(axis=(1, 2), dtype=np.float32)


def test_features_come_in_the_order_of_the_split(split: Split, tmp_path: Path) -> None:
    features = compute_features(Means(), split, 3, tmp_path / "features")

    np.testing.assert_array_equal(features, split.pixels().mean(axis=(1, 2), dtype=np.float32))
    assert features.dtype == np.float32


def test_a_run_that_was_stopped_goes_on(split: Split, tmp_path: Path) -> None:
    third = -(-len(split) // 3)
    with pytest.raises(KeyboardInterrupt):
        compute_features(Means(stop_after=2), split, 3, tmp_path, third)
    (tmp_path / "train-00002.tmp").write_bytes(b"half a file")
    again = Means()

    features = compute_features(again, split, 3, tmp_path, third)

    assert again.calls == 1
    np.testing.assert_array_equal(features, split.pixels().mean(axis=(1, 2), dtype=np.float32))


@pytest.mark.parametrize("left", [0, 5, 100, 200])
def test_a_part_that_was_cut_short_is_computed_again(
    split: Split, tmp_path: Path, left: int
) -> None:
    features = compute_features(Means(), split, 3, tmp_path)
    os.truncate(tmp_path / "train-00000.npy", left)
    again = Means()

    np.testing.assert_array_equal(compute_features(again, split, 3, tmp_path), features)
    assert again.calls == 1
    assert compute_features(Means(stop_after=0), split, 3, tmp_path).shape == features.shape


def test_a_part_of_other_photos_is_computed_again(split: Split, tmp_path: Path) -> None:
    np.save(tmp_path / "train-00000.npy", np.zeros((1, 3), np.float32))
    again = Means()

    compute_features(again, split, 3, tmp_path)

    assert again.calls == 1


def test_tensorflow_and_openvino_find_the_same_features(split: Split) -> None:
    backbone = build_backbone("efficientnet-lite0", 32, None)
    pixels = split.pixels(0, 20)

    by_tensorflow = tensorflow_extractor(backbone)(pixels)
    by_openvino = InferenceModel(to_openvino(backbone, "features")).predict_many(pixels)

    assert by_tensorflow.shape == (20, 1280)
    np.testing.assert_allclose(by_tensorflow, by_openvino, atol=1e-4)
