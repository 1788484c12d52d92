"""What a server answers, from a comparison or by hand."""

from pathlib import Path

import pytest
from tests.fixtures.comparisons import make_comparison

from viewfinder_comparison.cost.capacity import Capacity, read_capacity
from viewfinder_comparison.results import write_comparison
from viewfinder_components.errors import ParameterError, PermanentError, UsageError


@pytest.fixture
def comparison(tmp_path: Path) -> Path:
    path = tmp_path / "comparison.json"
    write_comparison(path, make_comparison())
    return path


@pytest.mark.parametrize(
    ("p99_ms", "rate"), [(50, 100), (99, 100), (100, 110), (199, 110), (5000, 120), (None, 120)]
)
def test_the_capacity_is_that_within_the_latency(
    p99_ms: int | None, rate: float, comparison: Path
) -> None:
    capacity = read_capacity(comparison, p99_ms=p99_ms)
    assert capacity.queries_per_second == rate
    assert capacity.cores == 2
    assert capacity.cold_start_seconds == 1.5


@pytest.mark.parametrize(
    ("server", "p99_ms", "message"),
    [
        ("viewfinder", 49, "within 49 ms, received throughputs within 50 ms, 100 ms, 200 ms"),
        ("flask", 50, "within 50 ms, received throughputs within 100 ms, 200 ms"),
        ("triton", None, "within any limit, received no wheel fits"),
        ("nginx", None, "viewfinder, flask, triton, received nginx"),
    ],
)
def test_what_was_not_measured_is_refused(
    server: str, p99_ms: int | None, message: str, comparison: Path
) -> None:
    with pytest.raises(UsageError, match=message):
        read_capacity(comparison, server, p99_ms)


def test_a_file_that_is_no_comparison_is_refused(tmp_path: Path) -> None:
    (tmp_path / "comparison.json").write_text("{}")
    with pytest.raises(PermanentError, match="schema version"):
        read_capacity(tmp_path)


@pytest.mark.parametrize(
    "values", [(0, 1, 0), (-1, 1, 0), (float("nan"), 1, 0), (float("inf"), 1, 0), (1e7, 1, 0),
               (1, 0, 0), (1, 1, -1), (1e-320, 1, 0), (1, 1e-320, 0), (True, 1, 0), ("9", 1, 0)],
)  # fmt: skip
def test_numbers_out_of_range_are_refused(values: tuple[float, float, float]) -> None:
    with pytest.raises(ParameterError, match="to be a number"):
        Capacity(*values)
