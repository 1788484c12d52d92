"""The pipeline that classifies many photos runs on this machine."""

import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.fixtures.servables import draw, write_version
from tests.fixtures.waiting import wait_for

import viewfinder
from viewfinder_components.prediction.config import DivideConfig
from viewfinder_components.prediction.parts.listing import PART_FILES
from viewfinder_components.prediction.published import divide_for_shards


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
    assert [step.name for step in result.steps] == ["divide", "predict"]
    step = result.steps[-1]
    assert step.summary.startswith("2 classified by colour/2, 1 unreadable, 0 ignored")
    assert step.metrics["ok"] == 2
    assert step.metrics["unreadable"] == 1
    table = pq.read_table(place / "out.parquet")
    assert table["label"].to_pylist() == [None, "blue", "red"]
    assert run(place).state == "succeeded"  # they are there already
    refused = run(place, version=1)
    assert refused.state == "failed"
    assert refused.error is not None
    assert "replace what is there with overwrite=True" in refused.error.message
    assert run(place, version=1, overwrite=True).state == "succeeded"
    schema = pq.read_schema(place / "out.parquet")
    assert schema.metadata[b"viewfinder.model_version"] == b"colour/1"
    assert sorted(path.name for path in place.iterdir()) == ["home", "out.parquet", "photos"]


@pytest.fixture
def many(place: Path) -> Path:
    """The same place with photos for three shards, one of which is damaged."""
    colours = [place / "photos" / "red.png", place / "photos" / "deep" / "blue.png"]
    for number in range(2 * PART_FILES):
        (place / "photos" / f"{number:05}.png").hardlink_to(colours[number % 2])
    (place / "photos" / "bad.jpg").write_bytes(b"no photo")
    return place


@pytest.mark.slow
def test_shards_write_the_same_table(many: Path) -> None:
    files = 2 * PART_FILES + 3
    whole = run(many)
    result = run(many, output="shards.parquet", shards=3)
    assert result.state == "succeeded", result.error
    shards = [f"classify[{number}]" for number in range(3)]
    assert [step.name for step in result.steps] == ["divide", *shards, "predict"]
    step, one = result.step("predict"), whole.step("predict")
    assert step is not None
    assert one is not None
    assert {**step.metrics, "photos_per_second": 0} == {**one.metrics, "photos_per_second": 0}
    assert step.metrics["ok"] == files - 1
    assert step.summary.endswith(f"{files:,} files were already done")
    by_shard = [step.metrics for step in result.steps[1:-1]]
    assert sum(metrics["ok"] for metrics in by_shard) == files - 1
    assert all(metrics["photos_per_second"] > 0 for metrics in by_shard)
    assert (many / "shards.parquet").read_bytes() == (many / "out.parquet").read_bytes()
    names = ["home", "out.parquet", "photos", "shards.parquet"]
    assert sorted(path.name for path in many.iterdir()) == names


def divide(place: Path) -> Path:
    """Divide the photos into three shards, as the pipeline does; return where their parts go."""
    names = {"data": str(place / "photos"), "model_root": str(place / "home" / "models")}
    output = str(place / "out.parquet")
    divided = divide_for_shards(DivideConfig(**names, model_name="colour", output=output, shards=3))
    return place / ".out.parquet.parts" / divided.job


def which_classified(result: viewfinder.RunResult) -> list[bool]:
    """Return for each shard whether it classified photos, or had nothing left to do."""
    return ["photos_per_second" in step.metrics for step in result.steps[1:-1]]


@pytest.mark.slow
def test_a_failing_shard_fails_the_run_and_only_it_is_repeated(many: Path) -> None:
    part = divide(many) / "part-000001.parquet"
    part.mkdir()  # which cannot be replaced by a file
    failed = run(many, shards=3)
    assert (failed.state, failed.step("predict")) == ("failed", None)
    assert failed.error is not None
    assert failed.error.step == "classify[1]"
    assert "in shard 2 of 3" in failed.error.message
    assert not (many / "out.parquet").exists()
    part.rmdir()
    again = run(many, shards=3)
    assert again.state == "succeeded", again.error
    assert which_classified(again) == [False, True, False]
    assert pq.read_metadata(many / "out.parquet").num_rows == 2 * PART_FILES + 3


@pytest.mark.slow
def test_a_run_that_was_killed_continues_with_the_unfinished_shards(many: Path) -> None:
    part = divide(many) / "part-000001.parquet"
    os.mkfifo(part)  # which keeps the second shard waiting
    code = (
        "import viewfinder; viewfinder.run('photos', pipeline=viewfinder.BATCH_PREDICTION, "
        "model_name='colour', output='out.parquet', shards=3, home='home')"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL)

    def waits() -> bool:
        runs = viewfinder.list_runs(home=many / "home")
        return any(one.step("classify[1]") is not None for one in runs)

    try:
        wait_for(waits, "the second shard to begin", 240)
    finally:
        process.kill()
        process.wait()
    part.unlink()
    again = run(many, shards=3)
    assert again.state == "succeeded", again.error
    assert which_classified(again) == [False, True, True]
    assert pq.read_metadata(many / "out.parquet").num_rows == 2 * PART_FILES + 3
    assert not part.parent.parent.exists()


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"shards": 65}, "shards to be a whole number from 1 to 64"),
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
