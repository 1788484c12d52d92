"""Near duplicates with different labels: at least one of them is wrong."""

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.photos.near_duplicates import NearGroups

NONE = -1


def find_contradictions(
    hashes: NDArray[np.uint64], labels: NDArray[np.int32], groups: NearGroups, distance: int
) -> NDArray[np.int64]:
    """Find for each photo the most similar one that has another label.

    Args:
        hashes: uint64 `[n]`, perceptual hashes.
        labels: int32 `[n]`.
        groups: The near duplicates among them. Photos that look exactly like many others are left
            out, as their hashes say little.
        distance: Bits in which two may differ.

    Returns:
        int64 `[n]`, its position, or `NONE`.
    """
    partner = np.full(len(labels), NONE)
    for members in _torn_groups(labels, groups):
        for photo in members:
            others = members[labels[members] != labels[photo]]
            bits = np.bitwise_count(hashes[others] ^ hashes[photo])
            if len(others) and bits.min() <= distance:
                partner[photo] = others[bits.argmin()]
    return partner


def _torn_groups(labels: NDArray[np.int32], groups: NearGroups) -> list[NDArray[np.int64]]:
    """Return the members of each group with several labels."""
    usable = np.flatnonzero(~groups.oversized)
    order = usable[np.argsort(groups.group[usable], kind="stable")]
    starts = np.flatnonzero(np.diff(groups.group[order])) + 1
    parts = np.split(order, starts)
    return [part for part in parts if len(part) > 1 and len(np.unique(labels[part])) > 1]
