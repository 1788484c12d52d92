"""The distance of a photo from those of training, in the space of the model's features."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError
from viewfinder_components.monitoring.novelty import DRIFT_MODEL, Novelty

WIDTH, CLASSES = 300, 3


def make_features(count: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Classes that differ in a few directions, with a little of everything else."""
    fixed, random = np.random.default_rng(0), np.random.default_rng(seed)
    centres, spread = fixed.normal(0, 3, (CLASSES, 8)), fixed.normal(size=(8, WIDTH))
    labels = random.integers(0, CLASSES, count).astype(np.int32)
    main = (centres[labels] + random.normal(size=(count, 8))) @ spread
    return (main + random.normal(0, 0.5, (count, WIDTH))).astype(np.float32), labels


@pytest.fixture
def novelty() -> Novelty:
    fitted = Novelty.fit(*make_features(200, 1))
    assert fitted is not None
    return fitted


def test_other_photos_of_the_same_classes_are_about_as_far_as_training_photos(
    novelty: Novelty,
) -> None:
    known = novelty.distances(make_features(200, 2)[0])
    assert known.shape == (200,)
    assert 1 < known.mean() < 3.5


@pytest.mark.parametrize("scale", [1, 3])
def test_photos_with_features_of_another_kind_are_farther(novelty: Novelty, scale: float) -> None:
    """Also those whose features are small, and so near the middle."""
    others = np.random.default_rng(3).normal(0, scale, (200, WIDTH)).astype(np.float32)
    known = novelty.distances(make_features(200, 2)[0])
    assert np.median(novelty.distances(others)) > np.quantile(known, 0.99)


def test_photos_between_the_classes_are_farther(novelty: Novelty) -> None:
    features, labels = make_features(200, 2)
    means = np.stack([features[labels == place].mean(axis=0) for place in range(CLASSES)])
    between = (means.mean(axis=0) + (features - means[labels])).astype(np.float32)
    assert novelty.distances(between).mean() > novelty.distances(features).mean() + 0.2


def test_each_photo_is_measured_by_itself(novelty: Novelty) -> None:
    features = make_features(20, 4)[0]
    alone = np.concatenate([novelty.distances(row[np.newaxis]) for row in features])
    np.testing.assert_allclose(novelty.distances(features), alone, rtol=0.01)


@pytest.mark.parametrize("count", [8, 20, 61])
def test_few_photos_are_enough(count: int) -> None:
    fitted = Novelty.fit(*make_features(count, 1))
    assert fitted is not None
    distances = fitted.distances(make_features(50, 2)[0])
    assert np.isfinite(distances).all()
    assert (distances >= 0).all()


def test_no_model_of_too_few_photos_or_equal_ones() -> None:
    assert Novelty.fit(*make_features(7, 1)) is None
    assert Novelty.fit(np.ones((50, 9), np.float32), np.zeros(50, np.int32)) is None


def test_it_is_read_as_it_was_written_and_the_bytes_are_the_same_each_time(
    novelty: Novelty, tmp_path: Path
) -> None:
    novelty.write(tmp_path)
    features = make_features(20, 4)[0]
    found = Novelty.read(tmp_path)
    assert found is not None
    np.testing.assert_array_equal(found.distances(features), novelty.distances(features))
    content = (tmp_path / DRIFT_MODEL).read_bytes()
    again = Novelty.fit(*make_features(200, 1))
    assert again is not None
    again.write(tmp_path)
    assert (tmp_path / DRIFT_MODEL).read_bytes() == content


def test_a_version_without_one_has_none(tmp_path: Path) -> None:
    assert Novelty.read(tmp_path) is None


@pytest.mark.parametrize("kept", [0, 10, 500, -30])
def test_one_that_is_cut_short_is_refused(novelty: Novelty, tmp_path: Path, kept: int) -> None:
    novelty.write(tmp_path)
    path = tmp_path / DRIFT_MODEL
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(PermanentError, match="expected a drift model in"):
        Novelty.read(tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"centre": np.zeros(3, np.float32)},
        {"means": np.full((1, 8), np.nan, np.float32)},
        {"directions": np.zeros(4, np.float32)},
        {"means": np.float32(1)},
        {"whitening": np.array([object()])},
        {"residual": np.float32(0)},
        {"residual": np.array("1")},
    ],
)
def test_one_with_another_content_is_refused(
    novelty: Novelty, tmp_path: Path, changes: dict
) -> None:
    np.savez(tmp_path / DRIFT_MODEL, **(vars(novelty) | changes))
    with pytest.raises(PermanentError, match="export the model again"):
        Novelty.read(tmp_path)


def test_an_array_alone_is_refused(tmp_path: Path) -> None:
    with (tmp_path / DRIFT_MODEL).open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(PermanentError, match="export the model again"):
        Novelty.read(tmp_path)


def test_one_without_classes_is_refused(novelty: Novelty, tmp_path: Path) -> None:
    np.savez(tmp_path / DRIFT_MODEL, **(vars(novelty) | {"means": novelty.means[:0]}))
    with pytest.raises(PermanentError, match="means: float32 of shape"):
        Novelty.read(tmp_path)


def test_one_whose_content_is_compressed_is_refused(novelty: Novelty, tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / DRIFT_MODEL, **vars(novelty))
    with pytest.raises(PermanentError, match=r"compressed.*export the model again"):
        Novelty.read(tmp_path)
