"""What a step says of its progress."""

import pytest

from viewfinder_components.progress import Progress, describe_rate


@pytest.mark.parametrize(
    ("count", "seconds", "told"),
    [
        (1393, 0.00005, ""),  # a step that had next to nothing to do
        (0, 60.0, ""),
        (1393, 2.0, ", 696/s"),
        (5, 20.0, ", 0.2/s"),
        (10_000, 1.0, ", 10,000/s"),
    ],
)
def test_a_rate_is_told_where_there_is_one(count: int, seconds: float, told: str) -> None:
    assert describe_rate(count, seconds) == told


def test_what_an_earlier_run_has_done_has_no_rate() -> None:
    lines: list[str] = []
    Progress("predict: files", 500, done=500, tell=lines.append).finish()
    assert lines == ["predict: files 500 of 500 (100%)"]
