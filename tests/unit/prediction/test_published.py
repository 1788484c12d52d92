"""The predict step's work: a version of a model root, photos and an output."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from viewfinder_components.errors import ParameterError, PermanentError
from viewfinder_components.prediction.config import PredictConfig
from viewfinder_components.prediction.published import predict_with_version


def configure(root: Path, data: Path, **values: object) -> PredictConfig:
    known = {
        "data": str(data),
        "model_root": str(root),
        "model_name": "colour",
        "output": str(data.parent / "out.parquet"),
    }
    return PredictConfig(**{**known, **values})  # type: ignore[arg-type]


def test_a_published_version(version: Path, photos: Path) -> None:
    root = version.parents[1]
    done = predict_with_version(configure(root, photos))
    assert (done.model_version, done.counts["ok"]) == ("colour/7", 3)
    assert pq.read_metadata(done.path).num_rows == 3
    assert predict_with_version(configure(root, photos, version=7)).resumed == 3
    with pytest.raises(PermanentError, match="a published version 8 of colour"):
        predict_with_version(configure(root, photos, version=8))


def test_an_output_of_another_kind(version: Path, photos: Path) -> None:
    with pytest.raises(ParameterError, match=r"ends in \.parquet"):
        configure(version.parents[1], photos, output="out.csv")
