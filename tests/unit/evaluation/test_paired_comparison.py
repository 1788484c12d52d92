from math import sqrt

import numpy as np
import pytest

from viewfinder_components.paired_difference import PairedDifference

Z = 1.959964


def compare(both: int, model: int, champion: int, neither: int) -> PairedDifference:
    """Build the answers from the counts of the four outcomes."""
    ours = [True] * both + [True] * model + [False] * champion + [False] * neither
    theirs = [True] * both + [False] * model + [True] * champion + [False] * neither
    return PairedDifference.of(np.array(ours), np.array(theirs), 0.95)


def test_formula() -> None:
    found = compare(both=80, model=4, champion=10, neither=6)
    assert (found.photos, found.only_model, found.only_champion) == (100, 4, 10)
    assert found.difference == pytest.approx(-0.06)
    middle = (4.5 - 10.5) / 102
    reach = Z * sqrt(15 - 36 / 102) / 102
    assert (found.low, found.high) == pytest.approx((middle - reach, middle + reach), abs=1e-6)
    assert not found.is_worse


@pytest.mark.parametrize(
    ("counts", "worse"),
    [
        pytest.param((90, 0, 10, 0), True, id="ten lost, none won"),
        pytest.param((95, 0, 5, 0), True, id="five lost, none won"),
        pytest.param((96, 0, 4, 0), False, id="four lost may be chance"),
        pytest.param((0, 0, 100, 0), True, id="all lost"),
        pytest.param((0, 100, 0, 0), False, id="all won"),
        pytest.param((100, 0, 0, 0), False, id="equal"),
        pytest.param((0, 0, 0, 100), False, id="equally bad"),
        pytest.param((10, 30, 30, 30), False, id="different photos, same number"),
        pytest.param((0, 0, 1, 0), False, id="one photo condemns nobody"),
        pytest.param((0, 0, 2, 0), False, id="two photos neither"),
    ],
)
def test_is_worse(counts: tuple[int, int, int, int], worse: bool) -> None:
    assert compare(*counts).is_worse is worse


def test_the_interval_stays_within_what_is_possible() -> None:
    for counts in ((0, 0, 1, 0), (0, 1, 0, 0), (0, 0, 3, 0)):
        found = compare(*counts)
        assert -1 <= found.low <= found.high <= 1
