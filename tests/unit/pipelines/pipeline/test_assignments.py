"""Values from Python code become what kfp takes for the parameter's type."""

from pathlib import Path

import numpy as np
import pytest

from viewfinder_pipelines.pipeline.assignments import need_parameters


@pytest.mark.parametrize("value", [1, np.int64(1), np.float32(1), 1.0])
def test_a_whole_number_where_any_number_may_be(value: object) -> None:
    limit = need_parameters({"max_p50_ms": value})["max_p50_ms"]
    assert (limit, type(limit)) == (1.0, float)


@pytest.mark.parametrize(
    ("name", "value"), [("epochs", 3), ("dropout", True), ("max_p50_ms", 10**400)]
)
def test_everything_else_is_left_to_the_check(name: str, value: object) -> None:
    assert need_parameters({name: value})[name] is value


def test_a_path_is_a_text() -> None:
    assert need_parameters({"data": Path("photos")}) == {"data": "photos"}
