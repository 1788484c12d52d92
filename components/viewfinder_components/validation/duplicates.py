"""Exclude repeated photos: copies, contradictions, and leaks between given splits."""

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.photos.near_duplicates import first_across
from viewfinder_components.validation.photo_table import (
    CONFLICT,
    DUPLICATE,
    LEAK,
    NONE,
    TEST,
    TRAIN,
    USED,
    VAL,
    PhotoTable,
    Reason,
)

SAME_BYTES = Reason("same_bytes", "the same bytes as {other}")
TWO_CLASSES = Reason("two_classes", "the same bytes are in class {class}: {other}")
LEAK_BYTES = Reason("leak_same_bytes", "the same bytes are in {split}: {other}")
LEAK_LOOK = Reason("leak_near_duplicate", "looks the same as a photo in {split}: {other}")

Files = NDArray[np.int64]


def given_split(photos: PhotoTable) -> NDArray[np.int8]:
    """Return the split that the source gives each file; train if it gives only others."""
    if (photos.given == NONE).all():
        return photos.given
    return np.where(photos.given == NONE, np.int8(TRAIN), photos.given)


def exclude_conflicts(photos: PhotoTable) -> None:
    """Exclude files with the same bytes if their classes differ."""
    files, starts, group = _by_content(photos)
    labels = photos.label[files]
    if not len(files):
        return
    first_label = labels[starts][group]
    differs = labels != first_label
    # For each group the first file of a class other than the first file's; too large if none.
    stranger = np.full(len(starts), len(files))
    np.minimum.at(stranger, group[differs], np.flatnonzero(differs))
    torn = stranger[group] < len(files)
    others = np.where(differs, starts[group], stranger[group])[torn]
    photos.exclude(files[torn], CONFLICT, TWO_CLASSES, files[others])


def exclude_copies(photos: PhotoTable) -> NDArray[np.bool_]:
    """Keep one file of those with the same bytes, the one whose split matters most.

    Test takes precedence over validation and validation over train; within a split, the first in
    table's order.

    Returns:
        Which of all files are val or test photos that were also in train.
    """
    given = given_split(photos)
    files, starts, group = _by_content(photos, given)
    keeper = files[starts][group]
    copies = files != keeper
    moved = copies & (given[files] != given[keeper])
    same = copies & ~moved
    photos.exclude(files[same], DUPLICATE, SAME_BYTES, keeper[same])
    for split, name in ((TEST, "test"), (VAL, "val")):
        leaks = moved & (given[keeper] == split)
        _exclude_leaks(photos, files[leaks], LEAK_BYTES, name, keeper[leaks])
    leaked = np.zeros(len(photos), bool)
    leaked[keeper[moved & (given[files] == TRAIN)]] = True
    return leaked


def exclude_near_leaks(photos: PhotoTable, distance: int) -> NDArray[np.bool_]:
    """Exclude photos that look the same as one in a split that matters more.

    Returns:
        Which of all files are val or test photos that have a near duplicate in train.
    """
    given = given_split(photos)
    leaked = np.zeros(len(photos), bool)
    for split, name in ((TEST, "test"), (VAL, "val")):
        used = photos.where(USED)
        for weaker in (VAL, TRAIN):
            if weaker == split:
                continue
            files = used[(given[used] == split) | (given[used] == weaker)]
            partner = first_across(photos.look[files], given[files] == split, distance)
            near = (partner != NONE) & (photos.status[files] == USED)
            victims = near & (given[files] == weaker)
            _exclude_leaks(photos, files[victims], LEAK_LOOK, name, files[partner[victims]])
            if weaker == TRAIN:
                leaked[files[near & (given[files] == split)]] = True
    return leaked


def _exclude_leaks(
    photos: PhotoTable, files: Files, reason: Reason, split: str, others: Files
) -> None:
    if len(files):
        sentence = reason.sentence.replace("{split}", split)
        photos.exclude(files, LEAK, Reason(reason.kind, sentence), others)


def _by_content(
    photos: PhotoTable, given: NDArray[np.int8] | None = None
) -> tuple[Files, Files, Files]:
    """Sort the used files by content, then by the importance of their split.

    Returns:
        The files; where in them each content starts; for each file the number of its content.
    """
    files = photos.where(USED)
    weight = np.zeros(len(files)) if given is None else _WEIGHT[given[files]]
    files = files[np.lexsort((files, weight, photos.row[files]))]
    begins = np.diff(photos.row[files], prepend=NONE) != 0
    return files, np.flatnonzero(begins), np.cumsum(begins) - 1


_WEIGHT = np.zeros(4, np.int8)
_WEIGHT[[TEST, VAL, TRAIN, NONE]] = 0, 1, 2, 3
