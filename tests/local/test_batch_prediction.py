"""The pipeline that classifies many photos runs on this machine."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.fixtures.servables import draw, write_version

import viewfinder


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with photos, and a home with two versions."""
    monkeypatch.chdir(tmp_path)
    for number in (1, 2):
        write_version(tmp_path / "home" / "models" / "colour" / str(number))
    (tmp_path / "photos" / "deep").mkdir(parents=True)
    for name in ("red.png", "deep/blue.png"):
        (tmp_path / "photos" / name).write_bytes(draw(Path(name).stem))
    return tmp_path


def run(place: Path, **parameters: object) -> viewfinder.RunResult:
    given = {"model_name": "colour", "output": "out.parquet", **parameters}
    pipeline = viewfinder.BATCH_PREDICTION
    return viewfinder.run("photos", pipeline=pipeline, home=place / "home", parameters=given)


@pytest.mark.slow
def test_it_classifies_with_the_newest_version_or_another(place: Path) -> None:
    (place / "photos" / "bad.jpg").write_bytes(b"no photo")
    result = run(place)
    assert result.state == "succeeded", result.error
    (step,) = result.steps
    assert step.name == "predict"
    assert step.summary.startswith("2 classified by colour/2, 1 unreadable, 0 ignored")
    assert step.metrics["ok"] == 2
    assert step.metrics["unreadable"] == 1
    table = pq.read_table(place / "out.parquet")
    assert table["label"].to_pylist() == [None, "blue", "red"]
    assert run(place).state == "succeeded"  # they are there already
    refused = run(place, version=1)
    assert refused.state == "failed"
    assert refused.error is not None
    assert "replace it with overwrite=True" in refused.error.message
    assert run(place, version=1, overwrite=True).state == "succeeded"
    schema = pq.read_schema(place / "out.parquet")
    assert schema.metadata[b"viewfinder.model_version"] == b"colour/1"
    assert sorted(path.name for path in place.iterdir()) == ["home", "out.parquet", "photos"]


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"output": "out.csv"}, r"output to be the name of a file that ends in \.parquet"),
        ({"output": "gone/out.parquet"}, "a folder .*gone for the predictions"),
        ({"version": 3}, "a published version 3 of colour"),
        ({"model_name": "color"}, "did you mean colour"),
        ({"data": "gone"}, "gone', which does not exist"),
        ({"output": ""}, "no output"),
    ],
)
def test_what_cannot_work_leaves_no_run(
    place: Path, parameters: dict[str, object], sentence: str
) -> None:
    data = parameters.pop("data", "photos")
    given = {"model_name": "colour", "output": "out.parquet", **parameters}
    pipeline = viewfinder.BATCH_PREDICTION
    with pytest.raises(viewfinder.PermanentError, match=sentence):
        viewfinder.run(str(data), pipeline=pipeline, home=place / "home", parameters=given)
    assert viewfinder.list_runs(home=place / "home") == []


def test_no_photos_are_named(place: Path) -> None:
    with pytest.raises(viewfinder.UsageError, match="expected photos, received no data"):
        viewfinder.run(pipeline=viewfinder.BATCH_PREDICTION, output="o.parquet", home=place)
