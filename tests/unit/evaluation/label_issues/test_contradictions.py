import numpy as np

from viewfinder_components.evaluation.label_issues.contradictions import find_contradictions
from viewfinder_components.photos.near_duplicates import group_near

HALF = 0x00000000FFFFFFFF


def find(hashes: list[int], labels: list[int], distance: int = 4, largest: int = 32) -> list[int]:
    looks = np.array(hashes, np.uint64)
    groups = group_near(looks, distance, largest)
    return find_contradictions(looks, np.array(labels, np.int32), groups, distance).tolist()


def test_the_most_similar_photo_of_another_class() -> None:
    hashes = [HALF, HALF ^ 0b1, HALF ^ 0b111, HALF << 16]
    assert find(hashes, [0, 1, 1, 1]) == [1, 0, 0, -1]
    assert find(hashes, [0, 0, 0, 1]) == [-1] * 4
    assert find(hashes, [0, 1, 2, 1]) == [1, 0, 1, -1]


def test_photos_related_only_through_others() -> None:
    """The first and the last differ in 6 bits."""
    hashes = [HALF, HALF ^ 0b111, HALF ^ 0b111111]
    assert find(hashes, [0, 0, 1]) == [-1, 2, 1]


def test_turned_off() -> None:
    assert find([HALF, HALF], [0, 1], distance=0) == [-1, -1]


def test_photos_that_look_exactly_like_many_others() -> None:
    assert find([HALF] * 40, [0, 1] * 20) == [-1] * 40


def test_one_photo() -> None:
    assert find([HALF], [0]) == [-1]
