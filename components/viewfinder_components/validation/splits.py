"""Decide which photos are for training, validation and testing.

A split given by the source is kept; a missing one is carved out of train. The rest is drawn by
content: a hash of the seed and its smallest digest decides where a group of near duplicates goes,
so adding photos moves no other photo and a photo is in the same split on every machine. Then single
groups are moved if a class lacks a split for which it has enough groups: the first is for
train, the second for test, the third for validation.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.photos.candidate import SPLITS
from viewfinder_components.photos.near_duplicates import NearGroups, group_near
from viewfinder_components.validation.config import ValidationConfig
from viewfinder_components.validation.duplicates import given_split
from viewfinder_components.validation.photo_table import NONE, TEST, TRAIN, USED, VAL, PhotoTable

_LEAST_CHAIN = 32  # photos; in a small data set genuine bursts soon reach a tenth
_LARGEST_SHARE = 0.1

Files = NDArray[np.int64]
Splits = NDArray[np.int8]


def assign_splits(photos: PhotoTable, config: ValidationConfig) -> NearGroups:
    """Set `photos.split` of the used files.

    A group of more than a tenth of the photos (and more than 32) is considered a chain and formed
    more strictly; photos that look exactly the same even then go to train as a whole, so that
    they neither leak nor fill the test split.

    Returns:
        The near duplicates among the used files, in their order.
    """
    files = photos.where(USED)
    largest = max(_LEAST_CHAIN, int(_LARGEST_SHARE * len(files)))
    groups = group_near(photos.look[files], config.near_duplicate_distance, largest)
    given = given_split(photos)[files]
    carved = _carved(given, config)
    movable = ((given == NONE) | ((given == TRAIN) & bool(carved))) & ~groups.oversized
    draw = _draw(photos.digest[files], groups.group, config.seed)
    fixed = np.where(given == NONE, np.int8(TRAIN), given)
    split = np.where(movable, _place(draw, carved), fixed)
    _Repair(photos.label[files], groups, carved).run(split, movable, draw)
    photos.split[files] = split
    return groups


def _carved(given: Splits, config: ValidationConfig) -> dict[int, float]:
    """Return the splits to draw besides train, most important first, with their shares."""
    shares = {TEST: config.test_fraction, VAL: config.val_fraction}
    return {s: share for s, share in shares.items() if share and not (given == s).any()}


def _draw(digest: NDArray[np.uint8], group: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """Return a number from 0 to 1 for each photo, the same within a group."""
    own = np.ascontiguousarray(digest[:, :8]).view(">u8").ravel().astype(np.uint64)
    smallest = np.full(len(group), np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(smallest, group, own)
    mixed = _mix(smallest[group] ^ _mix(np.array([seed], np.uint64)))
    draw: NDArray[np.float64] = mixed / 2.0**64
    return draw


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64 bits (the finaliser of splitmix64, Steele, Lea and Flood 2014)."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _place(draw: NDArray[np.float64], carved: dict[int, float]) -> Splits:
    split = np.full(len(draw), TRAIN, np.int8)
    below = 0.0
    for name, share in carved.items():
        split[(draw >= below) & (draw < below + share)] = name
        below += share
    return split


class _Repair:
    """Moves groups so that every class has every split for which it has enough photos."""

    def __init__(self, label: NDArray[np.int32], groups: NearGroups, carved: Iterable[int]) -> None:
        self._label = label
        self._group = groups.group
        self._wanted = (TRAIN, *carved)  # a class of two groups gets the first two
        self._by_label = np.argsort(label, kind="stable")
        self._by_group = np.argsort(groups.group, kind="stable")

    def run(self, split: Splits, movable: NDArray[np.bool_], draw: NDArray[np.float64]) -> None:
        """Change `split` in place, where photos may be moved, as little as necessary."""
        self._split, self._movable, self._draw = split, movable, draw
        classes = int(self._label.max(initial=NONE)) + 1
        self._counts = np.zeros((classes, len(SPLITS)), np.int64)
        np.add.at(self._counts, (self._label, split), 1)
        self._groups = self._count_groups(classes)
        # A class without training photos is useless, so train comes first, for all classes.
        for wanted_by_all in ((TRAIN,), self._wanted[1:]):
            for label in range(classes):
                for wanted in wanted_by_all:
                    if wanted in self._required(label) and not self._counts[label, wanted]:
                        self._fill(label, wanted)

    def _count_groups(self, classes: int) -> NDArray[np.int64]:
        """Count each class's groups that could go to any of the wanted splits."""
        usable = np.isin(self._split, self._wanted)
        pairs = np.unique(np.stack([self._label[usable], self._group[usable]]), axis=1)
        return np.bincount(pairs[0], minlength=classes)

    def _required(self, label: int) -> tuple[int, ...]:
        return self._wanted[: self._groups[label]]

    def _fill(self, label: int, wanted: int) -> None:
        """Move the smallest group of a class that can be spared, from its fullest split."""
        members = _slice(self._by_label, self._label, label)
        members = members[self._movable[members]]
        groups, first, size = np.unique(self._group[members], return_index=True, return_counts=True)
        example = members[first]
        fullness = self._counts[label, self._split[example]]
        for place in np.lexsort((self._draw[example], size, -fullness)):
            if self._spare(int(groups[place]), wanted):
                return

    def _spare(self, group: int, wanted: int) -> bool:
        """Move a group, unless one of its classes needs it where it is; train takes precedence."""
        members = _slice(self._by_group, self._group, group)
        donor = int(self._split[members[0]])
        labels, leaving = np.unique(self._label[members], return_counts=True)
        for label, count in zip(labels.tolist(), leaving, strict=True):
            is_needed = wanted != TRAIN and donor in self._required(label)
            if self._counts[label, donor] - count < is_needed:
                return False
        self._counts[labels, donor] -= leaving
        self._counts[labels, wanted] += leaving
        self._split[members] = wanted
        return True


def _slice(order: Files, keys: NDArray[Any], key: int) -> Files:
    """Return the positions of a key in `keys`, which `order` sorts."""
    low, high = np.searchsorted(keys, [key, key + 1], sorter=order)
    return order[low:high]
