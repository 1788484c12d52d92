import numpy as np
import pytest

from viewfinder_components.training.class_weights import balanced_weights


def labels(*sizes: int) -> np.ndarray:
    return np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)


def test_each_class_weighs_the_same_in_all() -> None:
    sizes = np.array([278, 154, 57, 116, 70])

    weights = balanced_weights(labels(*sizes), 5)

    assert weights is not None
    np.testing.assert_allclose(weights * sizes, sizes.sum() / 5, rtol=1e-6)


@pytest.mark.parametrize(
    ("sizes", "weighted"), [((10, 10), False), ((15, 10), False), ((16, 10), True), ((1, 20), True)]
)
def test_small_differences_are_left_alone(sizes: tuple[int, int], weighted: bool) -> None:
    assert (balanced_weights(labels(*sizes), 2) is not None) == weighted


def test_a_class_without_training_photos_has_a_finite_weight() -> None:
    weights = balanced_weights(labels(10, 0, 5), 3)

    assert weights is not None
    assert np.isfinite(weights).all()
