from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.tensorflow import keras
from viewfinder_components.training.backbones import REGISTRY, build_backbone, find_backbone
from viewfinder_components.training.config import Backbone, Head

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), np.uint8)


def mobilenet(top: bool = False, alpha: float = 1.0) -> Any:
    network = keras.applications.MobileNet((64, 64, 3), alpha, include_top=top, weights=None)
    # Not all zero: a loader that forgot the averages would not be noticed.
    for variable in network.variables:
        variable.assign(np.random.default_rng(1).uniform(0.01, 0.2, variable.shape))
    return network


def test_the_settings_know_the_same_names() -> None:
    assert tuple(REGISTRY) == get_args(Backbone)
    assert {backbone.usual_head for backbone in REGISTRY.values()} <= set(get_args(Head))


def test_an_unknown_name_lists_the_choices() -> None:
    with pytest.raises(PermanentError, match="one of efficientnet-lite0, mobilenet, scratch"):
        find_backbone("resnet50")


@pytest.mark.parametrize("name", get_args(Backbone))
def test_each_takes_uint8_pixels_and_scales_by_itself(name: str) -> None:
    backbone = build_backbone(name, 64, None)

    assert backbone.input.dtype == "uint8"
    assert backbone.input.name == "pixels"
    features = np.array(backbone(PIXELS, training=False))
    assert features.shape == (3, {"efficientnet-lite0": 1280, "mobilenet": 1024}.get(name, 256))
    assert np.isfinite(features).all()
    scaled = np.array(backbone.get_layer("scale")(np.array([0, 255], np.uint8)))
    assert scaled.tolist() == pytest.approx([-1.0, 1.0], abs=0.01)


@pytest.mark.parametrize("file", ["mobilenet.weights.h5", "mobilenet.h5", "mobilenet.keras"])
def test_mobilenet_takes_what_keras_saves(tmp_path: Path, file: str) -> None:
    network = mobilenet()
    path = tmp_path / file
    network.save_weights(path) if ".weights" in file else network.save(path)

    backbone = build_backbone("mobilenet", 64, path)

    expected = np.array(network(PIXELS / np.float32(127.5) - 1, training=False)).mean(axis=(1, 2))
    np.testing.assert_allclose(backbone(PIXELS, training=False), expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("file", "other"),
    [
        ("half.weights.h5", {"alpha": 0.5}),
        ("half.h5", {"alpha": 0.5}),
        ("half.keras", {"alpha": 0.5}),
        ("top.h5", {"top": True}),
        ("top.keras", {"top": True}),
    ],
)
def test_mobilenet_refuses_other_networks(tmp_path: Path, file: str, other: dict[str, Any]) -> None:
    network = mobilenet(**other)
    path = tmp_path / file
    network.save_weights(path) if ".weights" in file else network.save(path)

    with pytest.raises(PermanentError, match="Keras weights of MobileNet without its top"):
        build_backbone("mobilenet", 64, path)


def test_mobilenet_refuses_weights_that_miss_a_layer(tmp_path: Path) -> None:
    scratch = build_backbone("scratch", 64, None)
    scratch.save_weights(tmp_path / "scratch.weights.h5")

    with pytest.raises(PermanentError, match="Keras weights of MobileNet without its top"):
        build_backbone("mobilenet", 64, tmp_path / "scratch.weights.h5")


@pytest.mark.parametrize("file", ["w.weights.h5", "w.h5", "w.keras", "w.bin", "w"])
def test_mobilenet_refuses_other_files(tmp_path: Path, file: str) -> None:
    (tmp_path / file).write_bytes(b"no weights at all")

    with pytest.raises(PermanentError, match="Keras weights of MobileNet without its top"):
        build_backbone("mobilenet", 64, tmp_path / file)


def test_the_dtype_policy_ends_with_the_backbone() -> None:
    backbone = build_backbone("scratch", 64, None, "mixed_bfloat16")

    assert backbone.get_layer("conv1").compute_dtype == "bfloat16"
    assert backbone.get_layer("conv1").variable_dtype == "float32"
    assert backbone.get_layer("scale").compute_dtype == "float32"
    assert keras.config.dtype_policy().name == "float32"
