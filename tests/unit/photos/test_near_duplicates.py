import numpy as np
import pytest

from viewfinder_components.photos.near_duplicates import (
    first_across,
    group_near,
    has_detail,
    near_pairs,
)

HALF = 0x00000000FFFFFFFF  # 32 bits set, as in the hash of a photo


def random_hashes(count: int, seed: int = 0) -> np.ndarray:
    """Return hashes with 32 bits set."""
    generator = np.random.default_rng(seed)
    bits = generator.permuted(np.tile(np.arange(64) % 2, (count, 1)), axis=1).astype(np.uint8)
    return np.packbits(bits, axis=1).view(np.uint64).ravel()


def flip(value: np.uint64, bits: list[int]) -> np.uint64:
    """Change single bits."""
    return value ^ np.uint64(sum(1 << bit for bit in bits))


def clustered(seed: int) -> np.ndarray:
    """Return hashes, some of which are near each other."""
    generator = np.random.default_rng(seed)
    base = random_hashes(200, seed)
    near = [
        flip(h, list(generator.choice(64, generator.integers(0, 9), replace=False))) for h in base
    ]
    return np.concatenate([base, np.array(near, np.uint64)])


@pytest.mark.parametrize("distance", range(1, 9))
def test_pairs_are_those_of_comparing_all(distance) -> None:
    looks = np.unique(clustered(distance))
    near = np.bitwise_count(looks[:, None] ^ looks) <= distance
    expected = {(i, j) for i, j in np.argwhere(near).tolist() if i < j}
    found = {
        tuple(sorted(pair))
        for left, right in near_pairs(looks, distance)
        for pair in zip(left.tolist(), right.tolist(), strict=True)
    }
    assert found == expected
    assert len(expected) > 10


def test_groups_hold_chains_together() -> None:
    start = np.uint64(HALF)
    chain = [start, flip(start, [0, 40]), flip(start, [0, 40, 1, 41]), flip(start, range(10, 20))]
    groups = group_near(np.array(chain, np.uint64), 2, largest=10)
    assert groups.group.tolist() == [0, 0, 0, 3]
    assert not groups.oversized.any()


def test_long_chains_are_cut_into_their_closest_parts() -> None:
    start = np.uint64(HALF)
    steps = [flip(start, [*range(n), *range(32, 32 + n)]) for n in range(20)]  # 2 bits a step
    hashes = np.array([*steps, steps[0], steps[0]], np.uint64)
    groups = group_near(hashes, 4, largest=5)
    assert groups.group.tolist() == [*range(20), 0, 0]
    assert not groups.oversized.any()


def test_equal_looks_beyond_the_limit_are_oversized() -> None:
    hashes = np.array([HALF] * 7 + [HALF << 16] * 3, np.uint64)
    groups = group_near(hashes, 4, largest=5)
    assert groups.group.tolist() == [0] * 7 + [7] * 3
    assert groups.oversized.tolist() == [True] * 7 + [False] * 3


def test_photos_without_detail_are_alone() -> None:
    hashes = np.array([0, 0, 1, 1, HALF, HALF], np.uint64)
    assert has_detail(hashes).tolist() == [False] * 4 + [True] * 2
    assert group_near(hashes, 4, largest=10).group.tolist() == [0, 1, 2, 3, 4, 4]
    side = np.array([True, False] * 3)
    assert first_across(hashes, side, 4).tolist() == [-1, -1, -1, -1, 5, 4]


@pytest.mark.parametrize("distance", [0, 2, 4, 8])
def test_first_across_is_that_of_comparing_all(distance) -> None:
    hashes = clustered(distance + 50)
    hashes = np.concatenate([hashes, hashes[:50]])
    side = np.random.default_rng(1).random(len(hashes)) < 0.5
    near = np.bitwise_count(hashes[:, None] ^ hashes) <= distance
    near &= side[:, None] != side
    near &= has_detail(hashes)[:, None] & has_detail(hashes) & bool(distance)
    expected = np.where(near.any(axis=1), near.argmax(axis=1), -1)
    assert first_across(hashes, side, distance).tolist() == expected.tolist()


@pytest.mark.parametrize("count", [0, 1])
def test_few_photos(count) -> None:
    hashes = random_hashes(2)[:count]
    assert group_near(hashes, 4, 10).group.tolist() == list(range(count))
    assert first_across(hashes, np.zeros(count, bool), 4).tolist() == [-1] * count


def test_many_looks_are_compared_in_seconds() -> None:
    hashes = random_hashes(200_000)
    groups = group_near(np.concatenate([hashes, hashes[:1000]]), 4, 1000)
    assert (groups.group[200_000:] == np.arange(1000)).all()
