import numpy as np
import pytest

from viewfinder_components.evaluation.label_issues import outliers
from viewfinder_components.evaluation.label_issues.outliers import measure_isolation
from viewfinder_components.evaluation.label_issues.projection import Projection, project


def flat(points: np.ndarray) -> Projection:
    return Projection(points, np.zeros(len(points)))


def crowd(count: int, dimensions: int = 20) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 1, (count, dimensions))


def test_a_photo_far_from_all_others() -> None:
    points = crowd(200)
    points[17] += 10
    isolation = measure_isolation(flat(points))
    assert isolation.argmax() == 17
    assert isolation[17] > 1
    assert (isolation > 1).sum() <= 5


def test_a_small_group_far_from_the_rest() -> None:
    """Its members are near each other, but fewer than the neighbours that count."""
    points = crowd(200)
    points[:3] += 10
    assert (measure_isolation(flat(points))[:3] > 1).all()


def test_what_the_projection_leaves_out_counts() -> None:
    points, residual = crowd(200), np.zeros(200)
    residual[5] = 400
    assert measure_isolation(Projection(points, residual)).argmax() == 5


def test_with_more_photos_than_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    points = crowd(600)
    points[[3, 555]] += 10
    everything = measure_isolation(flat(points))
    monkeypatch.setattr(outliers, "REFERENCE", 300)
    sampled = measure_isolation(flat(points))
    for isolation in (everything, sampled):
        assert sorted(np.argsort(-isolation)[:2].tolist()) == [3, 555]


@pytest.mark.parametrize("count", [1, 2, 3, 30])
def test_equal_photos_are_no_outliers(count: int) -> None:
    assert not (measure_isolation(flat(np.ones((count, 4)))) > 1).any()


def test_equidistant_photos_are_no_outliers() -> None:
    assert not (measure_isolation(flat(np.eye(40))) > 1).any()


def test_the_projection_keeps_distances() -> None:
    features = np.random.default_rng(0).normal(5, 1, (300, 40)).astype(np.float32)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    points, residual = project(features, 40)
    exact = ((unit[:, None] - unit) ** 2).sum(axis=2)
    kept = ((points[:, None] - points) ** 2).sum(axis=2)
    assert residual == pytest.approx(np.zeros(300), abs=1e-9)
    assert kept / kept.mean() == pytest.approx(exact / exact.mean(), rel=1e-4, abs=1e-6)
    assert (points**2).sum(axis=1).mean() == pytest.approx(1)


def test_what_is_left_out_is_the_residual() -> None:
    features = np.random.default_rng(0).normal(0, 1, (300, 40)).astype(np.float32)
    whole, (points, residual) = project(features, 40).points, project(features, 5)
    assert points.shape == (300, 5)
    assert (points**2).sum(axis=1) + residual == pytest.approx((whole**2).sum(axis=1))


@pytest.mark.parametrize("rows", [1, 2, 7])
@pytest.mark.parametrize("value", [0.0, 3.0])
def test_equal_features_have_no_directions(rows: int, value: float) -> None:
    points, residual = project(np.full((rows, 6), value, np.float32))
    assert points == pytest.approx(np.zeros(points.shape), abs=1e-6)
    assert residual == pytest.approx(np.zeros(rows), abs=1e-6)
