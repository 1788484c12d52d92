"""Every expected number is computed by hand, in the comment beside it."""

from math import log

import numpy as np
import pytest

from viewfinder_components.evaluation.calibration import (
    expected_calibration_error,
    reliability,
)
from viewfinder_components.evaluation.metrics import Metrics, measure, wilson
from viewfinder_components.evaluation.roc import POINTS, micro_average, one_against_rest
from viewfinder_components.evaluation.scoring import Predictions


def predictions(truth, probabilities, labels=("a", "b", "c")) -> Predictions:
    return Predictions(
        tuple(labels[: len(probabilities[0])]),
        np.array(truth, np.int32),
        np.array(probabilities, np.float32),
    )


@pytest.fixture
def metrics() -> Metrics:
    """Six photos: `a a a b b c`; answers: `a a b b a b`. Nothing is taken for c."""
    return measure(
        predictions(
            [0, 0, 0, 1, 1, 2],
            [
                [0.8, 0.1, 0.1],
                [0.6, 0.3, 0.1],
                [0.2, 0.7, 0.1],
                [0.1, 0.9, 0.0],
                [0.5, 0.4, 0.1],
                [0.3, 0.4, 0.3],
            ],
        )
    )


def test_scalars(metrics: Metrics) -> None:
    assert metrics.photos == 6
    assert metrics.accuracy == pytest.approx(3 / 6)
    assert metrics.balanced_accuracy == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    # F1: a 2 * 2 / (3 + 3), b 2 * 1 / (3 + 2), c 0.
    assert metrics.macro_f1 == pytest.approx((2 / 3 + 2 / 5 + 0) / 3)
    expected = -sum(log(share) for share in (0.8, 0.6, 0.2, 0.9, 0.4, 0.3)) / 6
    assert metrics.log_loss == pytest.approx(expected, rel=1e-6)
    assert metrics.top_5_accuracy is None


def test_confusion_matrix_has_true_classes_as_rows(metrics: Metrics) -> None:
    assert metrics.confusion_matrix == ((2, 1, 0), (1, 1, 0), (0, 1, 0))


def test_classes(metrics: Metrics) -> None:
    a, b, c = metrics.classes
    assert (a.label, a.photos, a.predicted) == ("a", 3, 3)
    assert (a.precision, a.recall, a.f1) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert (b.precision, b.recall, b.f1) == pytest.approx((1 / 3, 1 / 2, 2 / 5))
    assert (c.precision, c.recall, c.f1) == (None, 0.0, 0.0)
    # Of the 9 pairs of an a and another photo, the a has the higher probability of a in 7:
    # .8 and .6 beat .1, .5 and .3; .2 beats .1 only.
    assert a.auc == pytest.approx(7 / 9)


def test_a_class_without_test_photos_does_not_count() -> None:
    found = measure(predictions([0, 0, 1], [[0.9, 0.1, 0], [0.4, 0, 0.6], [0.2, 0.8, 0]]))
    missing = found.classes[2]
    assert (missing.photos, missing.predicted) == (0, 1)
    assert (missing.recall, missing.f1, missing.auc) == (None, None, None)
    assert missing.precision == 0.0
    assert found.balanced_accuracy == pytest.approx((1 / 2 + 1) / 2)


def test_test_photos_of_one_class_have_no_roc_curve() -> None:
    found = measure(predictions([1], [[0.3, 0.7]]))
    assert found.roc_classes == (None, None)
    assert found.auc_macro is None
    assert found.auc_micro == 1.0
    assert found.accuracy == found.balanced_accuracy == 1.0


def test_a_certain_mistake_keeps_log_loss_finite() -> None:
    found = measure(predictions([0, 1], [[0.0, 1.0], [0.0, 1.0]]))
    assert found.log_loss == pytest.approx(-log(2**-23) / 2)


def test_top_5_with_six_classes() -> None:
    rows = [[0.3, 0.25, 0.2, 0.15, 0.1, 0.0], [0.0, 0.1, 0.15, 0.2, 0.25, 0.3]]
    found = measure(predictions([4, 0], rows, labels="abcdef"))
    assert found.accuracy == 0
    assert found.top_5_accuracy == 0.5


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [
        # z = 1.959964, z^2 = 3.841459. 8 of 10: (0.8 + z^2/20 +- z sqrt(.016 + z^2/400)) / (1 +
        # z^2/10) = (0.992073 +- 0.313675) / 1.384146.
        (8, 10, 0.490162, 0.943318),
        # 0 of n: 0 to z^2 / (n + z^2); n of n is its mirror.
        (0, 10, 0.0, 3.841459 / 13.841459),
        (10, 10, 10 / 13.841459, 1.0),
        (1, 1, 1 / 4.841459, 1.0),
    ],
)
def test_wilson(right: int, total: int, low: float, high: float) -> None:
    interval = wilson(right, total, 0.95)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=2e-6)


def test_calibration_error() -> None:
    # Bins of width 1/15: .95, .95 and .97 lie in the last one, .5 in the eighth.
    confidence = np.array([0.95, 0.95, 0.97, 0.5])
    bins = reliability(confidence, np.array([True, True, False, False]))
    assert [part.photos for part in bins] == [0] * 7 + [1] + [0] * 6 + [3]
    assert bins[-1].accuracy == pytest.approx(2 / 3)
    assert bins[-1].confidence == pytest.approx(2.87 / 3)
    assert bins[0].accuracy is bins[0].confidence is None
    expected = 3 / 4 * (2.87 / 3 - 2 / 3) + 1 / 4 * 0.5
    assert expected_calibration_error(bins) == pytest.approx(expected)


def test_calibration_bins_are_closed_above() -> None:
    bins = reliability(np.array([0.5, 1.0, 0.0]), np.array([True, True, True]), bins=2)
    assert [part.photos for part in bins] == [2, 1]


def test_roc_curve_by_hand() -> None:
    # Photos of a have .9 and .4, the others .6 and .1.
    a, _ = one_against_rest(
        np.array([0, 0, 1, 1], np.int32),
        np.array([[0.9, 0.1], [0.4, 0.6], [0.6, 0.4], [0.1, 0.9]], np.float32),
    )
    assert a is not None
    assert a.false_positive_rate == (0.0, 0.0, 0.5, 0.5, 1.0)
    assert a.true_positive_rate == (0.0, 0.5, 0.5, 1.0, 1.0)
    assert a.thresholds == pytest.approx((1.0, 0.9, 0.6, 0.4, 0.1))
    assert a.auc == pytest.approx(3 / 4)


def test_long_curves_are_thinned_and_keep_their_ends() -> None:
    rng = np.random.default_rng(0)
    raw = rng.random((5_000, 2)).astype(np.float32)
    curve = micro_average(rng.integers(0, 2, 5_000).astype(np.int32), raw)
    assert curve is not None
    assert len(curve.thresholds) <= POINTS
    assert (curve.false_positive_rate[0], curve.true_positive_rate[0]) == (0, 0)
    assert (curve.false_positive_rate[-1], curve.true_positive_rate[-1]) == (1, 1)
    assert np.isfinite(curve.thresholds).all()
    assert (np.diff(curve.thresholds) <= 0).all()
    area = np.trapezoid(curve.true_positive_rate, curve.false_positive_rate)
    assert area == pytest.approx(curve.auc, abs=0.01)
