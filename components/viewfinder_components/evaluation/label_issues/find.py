"""Search the photos of all splits for labels that deserve a second look."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from viewfinder_components.evaluation.label_issues.confident_learning import Doubts, doubt_labels
from viewfinder_components.evaluation.label_issues.contradictions import NONE, find_contradictions
from viewfinder_components.evaluation.label_issues.folds import assign_folds
from viewfinder_components.evaluation.label_issues.out_of_fold import predict_out_of_fold
from viewfinder_components.evaluation.label_issues.outliers import measure_isolation
from viewfinder_components.evaluation.label_issues.photo_set import PhotoSet
from viewfinder_components.evaluation.label_issues.projection import project
from viewfinder_components.formats.label_issues import KINDS, LabelIssue
from viewfinder_components.photos.near_duplicates import NearGroups, group_near

_log = logging.getLogger(__name__)
_MOST_PROBABILITIES = 10_000_000  # photos times classes: .5 GB in several arrays, 4 minutes
_LEAST_CHAIN, _LARGEST_SHARE = 32, 0.1  # as for splits: larger groups are chains


@dataclass(frozen=True)
class LabelIssues:
    """What was found, the most suspicious first within each kind, in the order of `KINDS`."""

    places: tuple[int, ...]
    """Where each issue's photo is in the photo set."""
    issues: tuple[LabelIssue, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Number of issues of each kind."""
        kinds = [issue.kind for issue in self.issues]
        return {kind: kinds.count(kind) for kind in KINDS}


def find_label_issues(photos: PhotoSet, classes: Sequence[str], distance: int) -> LabelIssues:
    """Find near duplicates with different labels, probable label errors and outliers.

    Every photo is reported once, as the clearest case that it is. The time grows in proportion to
    the photos: half a minute for 50,000 of 5 classes, two minutes for 50,000 of 100 classes.

    Args:
        photos: Of all splits.
        classes: Their names, in the order of `photos.labels`.
        distance: Bits of the perceptual hash in which near duplicates may differ.
    """
    largest = max(_LEAST_CHAIN, int(_LARGEST_SHARE * len(photos)))
    groups = group_near(photos.hashes, distance, largest)
    partner = find_contradictions(photos.hashes, photos.labels, groups, distance)
    doubts, isolation = _judge(photos, groups)
    kind = np.select(
        [partner != NONE, doubts.is_error, isolation > 1, doubts.is_doubtful], range(4), len(KINDS)
    )
    score = np.where(kind == KINDS.index("outlier"), isolation, doubts.score)
    places = _order(kind, score, groups)
    found = LabelIssues(
        tuple(places.tolist()),
        tuple(_describe(photos, classes, doubts, partner, kind, score, places)),
    )
    listed = ", ".join(f"{kind} {number:,}" for kind, number in found.counts.items())
    _log.info("evaluate: labels worth a second look: %s", listed)
    return found


def _judge(photos: PhotoSet, groups: NearGroups) -> tuple[Doubts, NDArray[np.float64]]:
    """Return the doubts about each label, and how isolated each photo is."""
    labels = photos.labels
    nothing = np.full((len(photos), 1), np.nan)
    too_many = len(photos) * (int(labels.max()) + 1) > _MOST_PROBABILITIES
    if too_many:
        _log.warning("evaluate: too many photos and classes to search for label errors")
    if photos.features is None or too_many:
        return doubt_labels(nothing, labels), np.zeros(len(photos))
    # One thread: the matrices are so small that several would mostly wait for each other. Beside
    # other busy processes they take 20 times as long.
    with threadpool_limits(1):
        projection = project(photos.features)
        folds = assign_folds(groups.group, labels)
        # The second time without the errors of the first, which blur the classes.
        probabilities, errors = nothing, np.zeros(len(photos), bool)
        for _ in range(2):
            judged = predict_out_of_fold(projection.points, labels, folds, errors)
            probabilities = np.where(np.isnan(judged), probabilities, judged)
            doubts = doubt_labels(probabilities, labels)
            errors = doubts.is_error
        return doubts, measure_isolation(projection)


def _order(
    kind: NDArray[np.int64], score: NDArray[np.float64], groups: NearGroups
) -> NDArray[np.int64]:
    """Return the places of the issues: by kind, near duplicates together, then by score."""
    places = np.flatnonzero(kind < len(KINDS))
    score, group = score[places].round(6), groups.group[places]
    together = kind[places] == KINDS.index("near duplicate")
    highest = np.zeros(len(groups.group))
    np.maximum.at(highest, group, score)
    first = np.where(together, highest[group], score)
    order = np.lexsort((-score, np.where(together, group, 0), -first, kind[places]))
    return places[order]


def _describe(
    photos: PhotoSet,
    classes: Sequence[str],
    doubts: Doubts,
    partner: NDArray[np.int64],
    kind: NDArray[np.int64],
    score: NDArray[np.float64],
    places: NDArray[np.int64],
) -> list[LabelIssue]:
    uris, digests = photos.column("uri"), photos.column("sha256")
    return [
        LabelIssue(
            uri=uris[place],
            sha256=digests[place],
            split=photos.place(place)[0].name,
            label=classes[photos.labels[place]],
            suggestion=classes[doubts.suggestion[place]] if doubts.is_doubtful[place] else "",
            kind=KINDS[kind[place]],
            score=float(score[place]),
            similar=uris[partner[place]] if partner[place] != NONE else "",
        )
        for place in places.tolist()
    ]
