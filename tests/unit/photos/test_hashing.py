import io

import imagehash
import numpy as np
import pytest
from PIL import Image

from viewfinder_components.photos.decode import open_photo
from viewfinder_components.photos.hashing import (
    MIN_DETAIL,
    perceptual_hashes,
    shrink_to_grey,
)


def hashes(photos: list[bytes]) -> np.ndarray:
    """Hash photo files."""
    greys = [shrink_to_grey(open_photo(data, 224, 10**8).picture) for data in photos]
    return perceptual_hashes(np.stack(greys))


def test_hash_is_imagehash_phash(fruit) -> None:
    greys = [shrink_to_grey(open_photo(data, 224, 10**8).picture) for data in fruit]
    library = [str(imagehash.phash(Image.fromarray(grey))) for grey in greys]
    assert [f"{value:016x}" for value in perceptual_hashes(np.stack(greys))] == library


def test_different_photos_are_far_apart(fruit) -> None:
    found = hashes(fruit)
    distances = np.bitwise_count(found[:, None] ^ found)[np.triu_indices(len(found), 1)]
    assert distances.min() > 8
    assert 30 < distances.mean() < 34


@pytest.mark.parametrize("change", ["quality", "smaller", "larger", "grey", "brighter"])
def test_copies_are_near(fruit, encode, change) -> None:
    copies = []
    for data in fruit:
        with Image.open(io.BytesIO(data)) as photo:
            changed = {
                "quality": lambda photo: photo,
                "smaller": lambda photo: photo.resize((photo.width // 2, photo.height // 2)),
                "larger": lambda photo: photo.resize((photo.width * 2, photo.height * 2)),
                "grey": lambda photo: photo.convert("L"),
                "brighter": lambda photo: photo.point(lambda value: min(255, value * 1.1)),
            }[change](photo)
            copies.append(encode(changed, "JPEG", quality=50 if change == "quality" else 85))
    assert np.bitwise_count(hashes(fruit) ^ hashes(copies)).max() <= 4


@pytest.mark.parametrize("side", [8, 31, 32, 63, 64, 100, 224])
def test_any_size_can_be_hashed(side) -> None:
    assert shrink_to_grey(Image.new("RGB", (side, side))).shape == (32, 32)


def test_plain_pictures_have_no_detail() -> None:
    plain = [Image.new("RGB", (224, 224), colour) for colour in ("white", "black", "teal")]
    greys = np.stack([shrink_to_grey(picture) for picture in plain])
    assert (np.bitwise_count(perceptual_hashes(greys)) < MIN_DETAIL).all()
