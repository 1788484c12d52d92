"""The predictor and the SavedModel take and refuse the same JPEG and PNG files."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.unit.export.nasty_photos import damaged_at_random, nasty_photos, saved, soft

from viewfinder_components.export.pixel_ops import decode_batch
from viewfinder_components.photos.decode import PhotoError, decode
from viewfinder_components.tensorflow import tf

SIZE = 96
MAX_PIXELS = 1 << 31
NASTY = nasty_photos()


@cache
def saved_model() -> Any:
    photos = tf.TensorSpec((None,), tf.string)
    return tf.function(lambda x: decode_batch(x, SIZE), input_signature=[photos], autograph=False)


def by_saved_model(content: bytes) -> np.ndarray | None:
    try:
        return np.asarray(saved_model()(tf.constant([content])).numpy()[0]).astype(int)
    # UnicodeDecodeError: TensorFlow's Python quotes the file in its refusal, and fails to.
    except (tf.errors.InvalidArgumentError, UnicodeDecodeError):
        return None


def by_predictor(content: bytes) -> np.ndarray | None:
    try:
        return decode(content, SIZE, MAX_PIXELS).astype(int)
    except PhotoError:
        return None


def disagreement(content: bytes) -> str:
    """Return how the two differ about a file; empty where they agree."""
    ours, theirs = by_predictor(content), by_saved_model(content)
    if (ours is None) != (theirs is None):
        return f"refused by {'the predictor' if ours is None else 'the SavedModel'} only"
    if ours is None or theirs is None:
        return ""
    levels = int(np.abs(ours - theirs).max())
    return f"differs by {levels} levels" if levels > 2 else ""


@pytest.mark.parametrize("name", NASTY)
def test_nasty_files_are_one_contract(name: str) -> None:
    assert disagreement(NASTY[name]) == ""


@pytest.mark.parametrize("name", NASTY)
def test_no_reason_shows_the_process(name: str) -> None:
    try:
        decode(NASTY[name], SIZE, MAX_PIXELS)
    except PhotoError as error:
        said = error.sentence
    else:
        said = ""
    assert " at 0x" not in said


def test_the_nasty_files_are_of_both_kinds() -> None:
    taken = sum(by_predictor(content) is not None for content in NASTY.values())
    assert 80 < taken < len(NASTY) - 50


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_damage_is_one_contract(first: int) -> None:
    files = {}
    for seed in range(first, first + 20):
        files |= damaged_at_random(seed)
    found = {name: how for name, content in files.items() if (how := disagreement(content))}
    assert found == {}


@pytest.mark.parametrize("kind", ["GIF", "BMP", "WEBP", "TIFF", "AVIF", "PPM"])
def test_other_formats_are_the_predictors_alone(kind: str) -> None:
    content = saved(soft(), kind)
    assert by_predictor(content) is not None
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected a JPEG or a PNG"):
        saved_model()(tf.constant([content]))


def test_a_transparent_gif_is_not_answered_with_wrong_colours() -> None:
    picture = Image.new("P", (8, 8), 1)
    picture.putpalette([10, 20, 30, 40, 50, 60])
    content = saved(picture, "GIF", transparency=1)
    assert by_predictor(content).min() == 255
    assert by_saved_model(content) is None
