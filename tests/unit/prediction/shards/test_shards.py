"""Shards that are classified independently give the table of a single run, whatever happens."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.fixtures.servables import draw, write_version

from viewfinder_components.errors import ParameterError, PermanentError, TransientError
from viewfinder_components.prediction.config import ClassifyConfig, DivideConfig, PredictConfig
from viewfinder_components.prediction.outputs.output import open_output
from viewfinder_components.prediction.parts import listing
from viewfinder_components.prediction.published import (
    classify_shard,
    divide_for_shards,
    predict_with_version,
)
from viewfinder_components.prediction.result import BatchPrediction
from viewfinder_components.prediction.shards.division import Division
from viewfinder_components.prediction.shards.shard import Shard, list_shards

COLOURS = ("red", "green", "blue")


class Work:
    """Photos, a model root and an output, and what the steps do with them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.output = folder / "out.parquet"
        self.version = write_version(folder / "models" / "colour" / "7")
        (folder / "photos").mkdir()
        self.add_photos(0, 7)

    def add_photos(self, first: int, last: int) -> None:
        for number in range(first, last):
            photo = self.folder / "photos" / f"{number:02}.png"
            photo.write_bytes(draw(COLOURS[number % 3]))

    def divide(self, shards: int = 3, overwrite: bool = False) -> Division:
        config = DivideConfig(**self._names, shards=shards, overwrite=overwrite)
        return divide_for_shards(config)

    def classify(self, shard: str, job: str) -> BatchPrediction:
        names = {name: value for name, value in self._names.items() if name != "data"}
        return classify_shard(ClassifyConfig(**names, shard=shard, job=job))

    def predict(self, job: str = "", overwrite: bool = False) -> BatchPrediction:
        return predict_with_version(PredictConfig(**self._names, job=job, overwrite=overwrite))

    def parts(self, job: str) -> list[str]:
        folder = self.folder / ".out.parquet.parts" / job
        return sorted(path.name for path in folder.glob("part-*"))

    @property
    def _names(self) -> dict[str, str]:
        return {
            "data": str(self.folder / "photos"),
            "model_root": str(self.folder / "models"),
            "model_name": "colour",
            "output": str(self.output),
        }


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    monkeypatch.setattr(listing, "PART_FILES", 2)
    return Work(tmp_path)


def test_shards_give_the_table_of_a_single_run(work: Work) -> None:
    (work.folder / "photos" / "03.png").write_bytes(b"no photo")
    whole = work.predict()
    table = work.output.read_bytes()
    work.output.unlink()
    divided = work.divide()
    assert (divided.shards, divided.files) == (("1/3", "2/3", "3/3"), 7)
    results = [work.classify(shard, divided.job) for shard in reversed(divided.shards)]
    assert [sum(result.counts.values()) for result in results] == [2, 2, 3]
    assert not work.output.exists()
    done = work.predict(divided.job)
    assert done.counts == whole.counts == {"ok": 6, "unreadable": 1, "ignored": 0}
    assert (done.resumed, done.rate) == (7, 0)
    assert work.output.read_bytes() == table
    assert sorted(path.name for path in work.folder.iterdir()) == [
        "models",
        "out.parquet",
        "photos",
    ]


def test_what_no_shard_has_classified_is_classified_in_the_end(work: Work) -> None:
    divided = work.divide()
    work.classify("2/3", divided.job)
    assert work.predict(divided.job).resumed == 2
    assert pq.read_table(work.output)["status"].to_pylist() == ["ok"] * 7


def test_a_shard_that_is_started_again_makes_only_what_is_missing(work: Work) -> None:
    divided = work.divide()
    work.classify("1/3", divided.job)
    assert work.parts(divided.job) == ["part-000000.parquet", "part-000003.parquet"]
    (work.folder / ".out.parquet.parts" / divided.job / "part-000000.parquet").unlink()
    assert work.classify("1/3", divided.job).resumed == 1
    again = work.divide()
    assert again == divided
    assert work.classify("1/3", again.job).resumed == 3


def test_photos_and_versions_that_are_added_meanwhile_belong_to_the_next_run(work: Work) -> None:
    divided = work.divide()
    work.classify("1/3", divided.job)
    work.add_photos(7, 9)
    write_version(work.folder / "models" / "colour" / "8")
    for shard in ("2/3", "3/3"):
        assert work.classify(shard, divided.job).model_version == "colour/7"
    assert sum(work.predict(divided.job).counts.values()) == 7
    following = work.divide(overwrite=True)
    assert (following.files, len(following.shards)) == (9, 3)
    assert following.job != divided.job
    done = work.predict(following.job, overwrite=True)
    assert (done.model_version, sum(done.counts.values())) == ("colour/8", 9)


def test_a_photo_that_is_removed_meanwhile_is_a_row(work: Work) -> None:
    divided = work.divide()
    (work.folder / "photos" / "00.png").unlink()
    counts = [work.classify(shard, divided.job).counts for shard in divided.shards]
    assert [count["unreadable"] for count in counts] == [1, 0, 0]
    assert work.predict(divided.job).counts == {"ok": 6, "unreadable": 1, "ignored": 0}


@pytest.mark.parametrize(("shards", "expected"), [(1, 0), (2, 2), (4, 4), (64, 4)])
def test_there_are_no_more_shards_than_parts(shards: int, expected: int, work: Work) -> None:
    divided = work.divide(shards)
    assert len(divided.shards) == expected
    assert divided.metrics == ({"shards": expected, "files": 7} if expected else {"shards": 1})


def test_one_part_is_not_divided(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PART_FILES", 7)
    assert work.divide() == Division(files=7)
    assert sorted(path.name for path in work.folder.iterdir()) == ["models", "photos"]


def test_predictions_that_are_there_are_not_divided(work: Work) -> None:
    work.predict()
    divided = work.divide()
    assert (divided.shards, divided.files) == ((), 7)
    assert divided.summary == "not divided: the predictions are there already"
    assert work.predict().resumed == 7


def test_another_file_is_refused_before_anything_is_classified(work: Work) -> None:
    work.output.write_bytes(b"another file")
    with pytest.raises(
        PermanentError, match=r"received .*out.parquet, which has no predictions of Viewfinder"
    ):
        work.divide()
    assert work.divide(overwrite=True).job


def test_a_shard_that_fails_is_named_and_the_others_are_kept(work: Work) -> None:
    divided = work.divide()
    work.classify("1/3", divided.job)
    folder = work.folder / ".out.parquet.parts" / divided.job
    (folder / "part-000001.parquet").mkdir()
    with pytest.raises(PermanentError, match=r", in shard 2 of 3; .*a new run .* continues"):
        work.classify("2/3", divided.job)
    kept = ["part-000000.parquet", "part-000001.parquet", "part-000003.parquet"]
    assert work.parts(divided.job) == kept
    (folder / "part-000001.parquet").rmdir()
    assert work.classify("2/3", divided.job).counts["ok"] == 2


def test_a_pod_that_replaces_one_that_had_finished(work: Work) -> None:
    divided = work.divide()
    counts = work.predict(divided.job).counts
    shutil.rmtree(work.version)
    assert work.predict(divided.job).counts == counts


def test_predictions_that_are_there_do_not_end_the_work_of_another_process(work: Work) -> None:
    divided = work.divide()
    work.predict(divided.job)
    output = open_output(str(work.output), work.folder)
    with output.workplace.hold() as folder:
        (folder / "job").mkdir()
        with pytest.raises(TransientError, match="another process that is writing it"):
            work.predict(divided.job)
        assert (folder / "job").is_dir()
    assert work.predict(divided.job).resumed == 7


def test_work_that_was_not_divided(work: Work) -> None:
    with pytest.raises(PermanentError, match=r"divide has left in .*, received nothing there"):
        work.classify("1/3", "0" * 32)
    divided = work.divide()
    facts = work.folder / ".out.parquet.parts" / divided.job / "division.json"
    facts.write_text(json.dumps({**json.loads(facts.read_text()), "files": "many"}))
    with pytest.raises(PermanentError, match=r"received a damaged one, in shard 1 of 3"):
        work.classify("1/3", divided.job)
    with pytest.raises(PermanentError, match=r"received a damaged one"):
        work.predict(divided.job)


def test_the_work_of_another_release_is_refused(work: Work) -> None:
    divided = work.divide()
    folder = work.folder / ".out.parquet.parts"
    os.rename(folder / divided.job, folder / ("0" * 32))
    with pytest.raises(PermanentError, match="the model and the release of Viewfinder"):
        work.classify("1/3", "0" * 32)


@pytest.mark.parametrize("text", ["", "1", "0/3", "4/3", "1/0", "a/b", "01/3", "1/3 ", "-1/3"])
def test_no_shard(text: str) -> None:
    with pytest.raises(ParameterError, match="such as 2/3"):
        Shard.parse(text)
    with pytest.raises(ParameterError, match="such as 2/3"):
        ClassifyConfig("/models", "colour", "out.parquet", text)


@pytest.mark.parametrize("job", ["../other", "0" * 31, "G" * 32])
def test_no_job(job: str) -> None:
    with pytest.raises(ParameterError, match="the output job of `divide`"):
        replace(ClassifyConfig("/models", "colour", "out.parquet", "1/2"), job=job)


@pytest.mark.parametrize(("parts", "count"), [(1, 1), (7, 3), (64, 64), (1000, 7)])
def test_every_part_belongs_to_one_shard(parts: int, count: int) -> None:
    shards = [Shard.parse(text) for text in list_shards(count)] or [Shard(1, 1)]
    chosen = [shard.choose(parts) for shard in shards]
    assert sorted(part for some in chosen for part in some) == list(range(parts))
    assert max(map(len, chosen)) - min(map(len, chosen)) <= 1
