"""The file of a service's objectives."""

from pathlib import Path

import pytest

from viewfinder_components.errors import UsageError
from viewfinder_pipelines.objectives.objective_file import Latency, Objectives, read_objectives


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "slo.toml"


def test_the_file_of_the_page_can_be_read(file: Path) -> None:
    page = (Path(__file__).parents[3] / "docs/slo.md").read_text("utf-8")
    file.write_text(page.partition("```toml\n")[2].partition("```")[0])
    assert read_objectives(file) == {
        "fruit": Objectives(
            namespace="shop",
            days=30.0,
            availability=0.995,
            latency=Latency(seconds=0.5, share=0.99),
        ),
        "pets": Objectives(availability=0.99),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a table for each service"),
        ("[fruit", "expected TOML in"),
        ("fruit = 1", "objectives in"),
        ("[fruit]", "availability or latency in"),
        ("[fruit]\navailability = 99.5", "less than 1"),
        ("[fruit]\navailability = '0.99'", "valid number"),
        ("[fruit]\navailable = 0.99", "not permitted"),
        ("[fruit]\nlatency = { seconds = 0.3, share = 0.9 }", "one of 0.005, 0.01,"),
        ("[fruit]\nlatency = { seconds = 0.5 }", "field required"),
        ("[fruit]\ndays = 0\navailability = 0.9", "greater than 0"),
    ],
)
def test_what_is_no_file_of_objectives(file: Path, text: str, message: str) -> None:
    file.write_text(text)
    with pytest.raises(UsageError, match=r"docs/slo\.md") as caught:
        read_objectives(file)
    assert message in str(caught.value)


def test_a_file_that_is_missing(file: Path) -> None:
    with pytest.raises(UsageError, match="expected a file of objectives"):
        read_objectives(file)


def test_the_bounds_are_those_of_the_histogram() -> None:
    from viewfinder_pipelines.objectives import objective_file
    from viewfinder_serving import metrics

    assert metrics.REQUEST_SECONDS.labels("v1")._upper_bounds[:-1] == list(objective_file._BOUNDS)
