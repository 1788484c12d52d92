import numpy as np

from viewfinder_components.evaluation.label_issues.folds import assign_folds


def test_classes_are_spread_evenly() -> None:
    labels = np.repeat([0, 1, 2], [50, 11, 5]).astype(np.int32)
    folds = assign_folds(np.arange(66), labels)
    for label in range(3):
        sizes = np.bincount(folds[labels == label], minlength=5)
        assert sizes.max() - sizes.min() <= 1
    assert np.ptp(np.bincount(folds)) <= 1


def test_groups_stay_together() -> None:
    rng = np.random.default_rng(0)
    groups, labels = rng.integers(0, 20, 100), rng.integers(0, 3, 100).astype(np.int32)
    folds = assign_folds(groups, labels)
    for group in np.unique(groups):
        assert len(set(folds[groups == group])) == 1
    assert set(folds) == {0, 1, 2, 3, 4}


def test_one_photo() -> None:
    assert assign_folds(np.array([0]), np.array([0], np.int32)).tolist() == [0]
