"""Find photos that look the same: perceptual hashes within a few bits of each other."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from viewfinder_components.photos.hashing import MIN_DETAIL

_BITS = 64
_FOLD_PAIRS = 1 << 20  # pairs in memory before they are folded into groups

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]


class NearGroups(NamedTuple):
    """Which photos belong together."""

    group: Places
    """One number per photo; photos of one group have the same."""
    oversized: NDArray[np.bool_]
    """Photos in a group that is too large although its members look exactly the same."""


def group_near(hashes: Hashes, distance: int, largest: int) -> NearGroups:
    """Group photos that look the same, directly or through others between them.

    Chains can run through a whole data set whose photos look alike, such as scans of one form. A
    group larger than `largest` is therefore re-formed with one bit less, down to equal hashes.
    Photos without detail (`hashing.MIN_DETAIL`) have meaningless hashes: each is alone.

    Args:
        hashes: One per photo.
        distance: Bits in which neighbours may differ; 0 groups nothing.
        largest: Maximum number of photos in a group.
    """
    groups = NearGroups(np.arange(len(hashes)), np.zeros(len(hashes), bool))
    todo = np.flatnonzero(has_detail(hashes)) if distance else np.empty(0, np.int64)
    for bits in range(distance, -1, -1):
        component = _components(hashes[todo], bits)
        _, first, place, size = np.unique(
            component, return_index=True, return_inverse=True, return_counts=True
        )
        groups.group[todo] = todo[first][place]
        todo = todo[size[place] > largest]
        if not len(todo):
            break
    groups.oversized[todo] = True
    return groups


def first_across(hashes: Hashes, side: NDArray[np.bool_], distance: int, none: int = -1) -> Places:
    """Find for each photo one that looks the same on the other side.

    Args:
        hashes: One per photo.
        side: Which of two sides each is on.
        distance: Bits in which two may differ; 0 finds nothing.
        none: The value for photos without a match.

    Returns:
        The position of the first such photo, or `none`.
    """
    partner = np.full(len(hashes), none)
    detailed = np.flatnonzero(has_detail(hashes)) if distance else np.empty(0, np.int64)
    looks, place = np.unique(hashes[detailed], return_inverse=True)
    # The first photo of each look on each side, and the best that its neighbours offer.
    missing = len(hashes)
    own = np.full((2, len(looks)), missing)
    np.minimum.at(own, (side[detailed].astype(int), place), detailed)
    offered = own.copy()
    for left, right in near_pairs(looks, distance):
        for which in (0, 1):
            np.minimum.at(offered[which], left, own[which, right])
            np.minimum.at(offered[which], right, own[which, left])
    best = offered[1 - side[detailed].astype(int), place]
    partner[detailed] = np.where(best == missing, none, best)
    return partner


def near_pairs(looks: Hashes, distance: int) -> Iterator[tuple[Places, Places]]:
    """Yield the pairs of different hashes within `distance` bits, some of them more than once.

    The 64 bits are cut into `distance + 1` bands; two hashes that differ in at most `distance`
    bits agree in at least one band, so only those that agree in a band are compared.

    Args:
        looks: Without duplicates.
        distance: Bits in which a pair may differ.

    Yields:
        The positions of the first and the second of each pair.
    """
    edges = [_BITS * band // (distance + 1) for band in range(distance + 2)]
    for low, high in pairwise(edges):
        keys = (looks >> np.uint64(low)) & np.uint64((1 << (high - low)) - 1)
        order = np.argsort(keys, kind="stable")
        yield from _pairs_in_band(keys[order], looks[order], order, distance)


def has_detail(hashes: Hashes) -> NDArray[np.bool_]:
    """Whether the hashes are meaningful."""
    return np.bitwise_count(hashes) >= MIN_DETAIL


def _pairs_in_band(
    keys: Hashes, looks: Hashes, order: Places, distance: int
) -> Iterator[tuple[Places, Places]]:
    """Compare each with its next neighbour, then the one after, as long as the keys agree."""
    left = np.arange(len(keys))
    for offset in range(1, len(keys)):
        left = left[left + offset < len(keys)]
        left = left[keys[left] == keys[left + offset]]
        if not len(left):
            return
        near = np.bitwise_count(looks[left] ^ looks[left + offset]) <= distance
        yield order[left[near]], order[left[near] + offset]


def _components(hashes: Hashes, distance: int) -> Places:
    """Number the connected components, in blocks so that memory depends on the photos alone."""
    looks, place = np.unique(hashes, return_inverse=True)
    component: Places = np.arange(len(looks))
    waiting: list[tuple[Places, Places]] = []
    for pair in near_pairs(looks, distance) if distance else ():
        waiting.append(pair)
        if sum(len(left) for left, _ in waiting) >= _FOLD_PAIRS:
            component = _fold(component, waiting)
            waiting = []
    return _fold(component, waiting)[place]


def _fold(component: Places, pairs: list[tuple[Places, Places]]) -> Places:
    if not pairs:
        return component
    left, right = (component[np.concatenate(side)] for side in zip(*pairs, strict=True))
    size = int(component.max()) + 1
    graph = coo_array((np.ones(len(left), bool), (left, right)), shape=(size, size))
    merged: Places = connected_components(graph, directed=False)[1].astype(np.int64)
    return merged[component]
