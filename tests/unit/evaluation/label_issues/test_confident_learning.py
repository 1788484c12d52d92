"""Doubts about labels, and the cases in which nothing can be said."""

import numpy as np
import pytest
from numpy.typing import NDArray

from viewfinder_components.evaluation.label_issues.confident_learning import doubt_labels
from viewfinder_components.evaluation.label_issues.folds import assign_folds
from viewfinder_components.evaluation.label_issues.out_of_fold import predict_out_of_fold


def points_of(*counts: int, spread: float = 0.1) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Make classes around the corners of a simplex, far apart for their spread."""
    labels = np.repeat(np.arange(len(counts)), counts).astype(np.int32)
    noise = np.random.default_rng(0).normal(0, spread, (len(labels), len(counts)))
    return np.eye(len(counts))[labels] + noise, labels


def judge(points: NDArray[np.float64], labels: NDArray[np.int32]) -> NDArray[np.float64]:
    alone = np.arange(len(labels))
    return predict_out_of_fold(
        points, labels, assign_folds(alone, labels), np.zeros(len(labels), bool)
    )


def test_the_rule_of_the_paper_by_hand() -> None:
    """Thresholds are .8 (the mean of .9, .9 and .6) and .7 (of .9, .9 and .3)."""
    first = np.array([0.9, 0.9, 0.6, 0.1, 0.1, 0.7])
    labels = np.array([0, 0, 0, 1, 1, 1], np.int32)
    doubts = doubt_labels(np.stack([first, 1 - first], axis=1), labels)
    assert not doubts.is_error.any(), "the last one's .7 is below the threshold .8"
    assert doubts.is_doubtful.tolist() == [False] * 5 + [True]
    assert doubts.score == pytest.approx([0.1, 0.1, 0.4, 0.1, 0.1, 0.7])
    first[5] = 0.81
    doubts = doubt_labels(np.stack([first, 1 - first], axis=1), labels)
    assert doubts.is_error.tolist() == [False] * 5 + [True]
    assert doubts.suggestion.tolist() == [0, 0, 0, 1, 1, 0]


@pytest.mark.parametrize("counts", [(40, 40), (40, 30, 20, 10), (60, 3)])
def test_planted_errors_come_first(counts: tuple[int, ...]) -> None:
    points, truth = points_of(*counts)
    labels = truth.copy()
    planted = [0, 7, 15]
    labels[planted] = len(counts) - 1
    doubts = doubt_labels(judge(points, labels), labels)
    assert sorted(np.argsort(-doubts.score)[:3].tolist()) == planted
    assert doubts.suggestion[planted].tolist() == [0, 0, 0]
    assert doubts.is_doubtful[planted].all()
    if min(counts) > 3:
        assert set(np.flatnonzero(doubts.is_error)) & set(planted)
        assert not set(np.flatnonzero(doubts.is_error)) - set(planted)


def test_without_errors_nothing_is_found() -> None:
    points, labels = points_of(30, 30, 30)
    doubts = doubt_labels(judge(points, labels), labels)
    assert not doubts.is_error.any()
    assert not doubts.is_doubtful.any()


@pytest.mark.parametrize("counts", [(30, 30), (50, 10), (20, 20, 20, 5)])
def test_identical_features_say_nothing(counts: tuple[int, ...]) -> None:
    _, labels = points_of(*counts)
    doubts = doubt_labels(judge(np.zeros((len(labels), 2)), labels), labels)
    assert not doubts.is_error.any()
    assert not doubts.is_doubtful.any()
    assert (doubts.score == 0.5).all()


def test_no_features_at_all() -> None:
    points, labels = points_of(5, 5)
    doubts = doubt_labels(judge(points[:, :0], labels), labels)
    assert not doubts.is_doubtful.any()


def test_a_class_with_one_photo_is_not_judged() -> None:
    points, labels = points_of(20, 20, 1)
    probabilities = judge(points, labels)
    assert np.isnan(probabilities[-1]).all()
    assert not np.isnan(probabilities[:-1]).any()
    doubts = doubt_labels(probabilities, labels)
    assert not doubts.is_doubtful.any()
    assert doubts.score[-1] == 0.5


def test_a_class_with_fewer_photos_than_folds() -> None:
    points, labels = points_of(20, 20, 3)
    probabilities = judge(points, labels)
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(len(labels)))


@pytest.mark.parametrize("counts", [(1,), (5,), (1, 1)])
def test_too_few_photos_to_judge(counts: tuple[int, ...]) -> None:
    points, labels = points_of(*counts)
    probabilities = judge(points, labels)
    assert np.isnan(probabilities).all()
    assert not doubt_labels(probabilities, labels).is_doubtful.any()


def test_excluded_photos_teach_nothing_and_are_judged() -> None:
    points, labels = points_of(20, 20)
    labels[:10] = 1
    folds, excluded = assign_folds(np.arange(40), labels), np.arange(40) < 10
    with_errors = predict_out_of_fold(points, labels, folds, np.zeros(40, bool))
    without = predict_out_of_fold(points, labels, folds, excluded)
    assert (without[:10, 0] > with_errors[:10, 0]).all()
    assert not np.isnan(without).any()
