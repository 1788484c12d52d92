import numpy as np
import pytest
from numpy.typing import NDArray

from viewfinder_components.explanation.class_map import Dense, Head

RNG = np.random.default_rng(0)


def make(*shape: int) -> NDArray[np.float32]:
    return RNG.normal(size=shape).astype(np.float32)


def logits(head: Head, pooled: NDArray[np.float32]) -> NDArray[np.float32]:
    x = pooled
    for place, layer in enumerate(head.layers):
        x = layer.weights @ (np.maximum(x, 0) if place else x) + layer.bias
    return x


HEADS = {
    "cam": Head((Dense(make(5, 30), make(5)),)),
    "grad-cam": Head((Dense(make(8, 30), make(8)), Dense(make(5, 8), make(5)))),
    "three layers": Head(
        (Dense(make(9, 30), make(9)), Dense(make(8, 9), make(8)), Dense(make(5, 8), make(5)))
    ),
}


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("label", range(5))
def test_the_mean_is_the_logit(name: str, label: int) -> None:
    head, features = HEADS[name], np.abs(make(7, 6, 30))
    found = head.class_map(features, label)
    assert found.shape == (7, 6)
    assert found.dtype == np.float32
    expected = logits(head, features.mean(axis=(0, 1)))[label]
    assert found.mean() == pytest.approx(expected, abs=1e-4)
    assert head.method == ("cam" if name == "cam" else "grad-cam")


@pytest.mark.parametrize("name", HEADS)
def test_a_feature_is_where_it_is(name: str) -> None:
    """What is only in one place leaves the map equal everywhere else."""
    features = np.zeros((4, 4, 30), np.float32)
    features[1, 2] = np.abs(make(30))
    found = HEADS[name].class_map(features, 0)
    elsewhere = np.delete(found.ravel(), 1 * 4 + 2)
    np.testing.assert_allclose(elsewhere, elsewhere[0], atol=1e-5)
    assert abs(found[1, 2] - elsewhere[0]) > 0.1


@pytest.mark.parametrize("name", HEADS)
def test_the_weights_are_the_gradient(name: str) -> None:
    """For hidden layers as well: a change that leaves the active units changes the logit so."""
    head, features = HEADS[name], np.abs(make(3, 3, 30))
    change = np.zeros_like(features)
    change[0, 0] = 1e-3 * make(30)
    before, after = (head.class_map(maps, 2) for maps in (features, features + change))
    np.testing.assert_allclose((after - before)[0, 0] / 9, (after - before).mean(), atol=1e-5)
    pooled = [maps.mean(axis=(0, 1)) for maps in (features, features + change)]
    gained = logits(head, pooled[1])[2] - logits(head, pooled[0])[2]
    assert (after - before).mean() == pytest.approx(gained, abs=1e-5)
