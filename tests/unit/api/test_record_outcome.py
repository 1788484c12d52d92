"""A component of one's own records its outcome in its metrics, and nowhere else."""

from pathlib import Path

import pytest
from kfp import dsl

import viewfinder
from viewfinder_components.errors import ParameterError


def test_metrics_get_the_outcome(tmp_path: Path) -> None:
    metrics = dsl.Metrics(uri=str(tmp_path / "metrics"))
    with viewfinder.record_outcome("count", metrics) as outcome:
        outcome.succeed("3 photos", metrics={"photos": 3})
    assert metrics.metadata["photos"] == 3


@pytest.mark.parametrize(
    "kind", [dsl.Artifact, dsl.Dataset, dsl.Model, dsl.ClassificationMetrics, dsl.HTML]
)
def test_another_artifact_keeps_its_content(kind: type[dsl.Artifact], tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_text("the component's own")
    with pytest.raises(ParameterError, match=r"dsl\.Metrics"):
        viewfinder.record_outcome("count", kind(uri=str(path)))
    assert path.read_text() == "the component's own"
