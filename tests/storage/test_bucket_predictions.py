"""Photos in buckets are classified, and predictions are written there."""

import io
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.fixtures.servables import draw, write_version

from viewfinder_components.errors import PermanentError
from viewfinder_components.prediction.config import ClassifyConfig, DivideConfig, PredictConfig
from viewfinder_components.prediction.models.local_model import LocalModel
from viewfinder_components.prediction.outputs.output import open_output
from viewfinder_components.prediction.parts import listing
from viewfinder_components.prediction.predict import predict_files
from viewfinder_components.prediction.published import (
    classify_shard,
    divide_for_shards,
    predict_with_version,
)
from viewfinder_components.prediction.result import BatchPrediction
from viewfinder_components.storage.clients import open_client
from viewfinder_components.storage.listing import list_objects
from viewfinder_components.storage.location import Location


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LocalModel:
    return LocalModel.open(write_version(tmp_path_factory.mktemp("models") / "colour" / "7"))


@pytest.fixture
def photos(bucket: str) -> str:
    client = open_client(Location.parse(bucket))
    for name, content in {
        "in/red.png": draw("red"),
        "in/be low/blue.png": draw("blue"),
        "in/bad.png": b"no photo",
        "in/list.csv": b"uri\nred.png\nbe low/blue.png\ngone.png\n",
    }.items():
        client.create(name, content)
    return f"{bucket}/in"


def predict(
    data: str, output: str, model: LocalModel, scratch: Path, **options: bool
) -> BatchPrediction:
    return predict_files(data, open_output(output, scratch), model, **options)


def read(uri: str) -> list[tuple[str, str, str | None]]:
    place = Location.parse(uri)
    table = pq.read_table(io.BytesIO(open_client(place).read(place.key)))
    return [
        (row["uri"].rpartition("/in/")[2], row["status"], row["label"]) for row in table.to_pylist()
    ]


def test_a_bucket(photos: str, model: LocalModel, tmp_path: Path) -> None:
    for _ in range(2):  # the second time, they are there
        done = predict(photos, f"{photos}/out.parquet", model, tmp_path)
        assert done.counts == {"ok": 2, "unreadable": 1, "ignored": 1}
    assert done.seconds == 0
    assert read(f"{photos}/out.parquet") == [
        ("bad.png", "unreadable", None),
        ("be low/blue.png", "ok", "blue"),
        ("list.csv", "ignored", None),
        ("red.png", "ok", "red"),
    ]
    assert list(tmp_path.iterdir()) == []


def test_predictions_among_the_photos_are_none(
    photos: str, model: LocalModel, tmp_path: Path
) -> None:
    for _ in range(2):
        done = predict(photos, f"{photos}/100%.parquet", model, tmp_path)
    assert (done.seconds, sum(done.counts.values())) == (0, 4)


def test_another_photo_of_the_same_name_and_size_is_another_job(
    photos: str, model: LocalModel, tmp_path: Path
) -> None:
    client, place = open_client(Location.parse(photos)), Location.parse(f"{photos}/red.png").key
    predict(photos, f"{photos}/out.parquet", model, tmp_path)
    content = client.read(place)
    client.delete(place)
    client.create(place, content[:-1] + b"!")
    with pytest.raises(PermanentError, match="received predictions by colour/7"):
        predict(photos, f"{photos}/out.parquet", model, tmp_path)


def test_a_table_in_a_bucket(photos: str, model: LocalModel, tmp_path: Path) -> None:
    output = f"{photos.removesuffix('/in')}/out.parquet"
    predict(f"{photos}/list.csv", output, model, tmp_path)
    assert read(output) == [
        ("red.png", "ok", "red"),
        ("be low/blue.png", "ok", "blue"),
        ("gone.png", "unreadable", None),
    ]
    with pytest.raises(PermanentError, match="overwrite=True"):
        predict(photos, output, model, tmp_path)
    assert predict(photos, output, model, tmp_path, overwrite=True).counts["ok"] == 2
    assert len(read(output)) == 4


def test_another_object_is_kept(photos: str, model: LocalModel, tmp_path: Path) -> None:
    place = Location.parse(photos).below("out.parquet")
    for content in (b"x", b"words " * 100, b"\xff\xff\xff\x7fPAR1", b"PAR1PAR1" * 3):
        open_client(place).create(place.key, content)
        with pytest.raises(PermanentError, match="which has no predictions of Viewfinder"):
            predict(photos, place.uri, model, tmp_path)
        assert open_client(place).read(place.key) == content
        open_client(place).delete(place.key)


def test_a_bucket_that_does_not_exist(photos: str, model: LocalModel, tmp_path: Path) -> None:
    scheme = photos.partition("://")[0]
    with pytest.raises(PermanentError, match="a bucket "):
        predict(photos, f"{scheme}://no-such-bucket-7/out.parquet", model, tmp_path)


def test_a_home_that_cannot_be_written(photos: str, model: LocalModel) -> None:
    with pytest.raises(PermanentError, match=r"at /proc.* VIEWFINDER_HOME"):
        predict(photos, f"{photos}/out.parquet", model, Path("/proc/predictions"))


@pytest.mark.parametrize("size", [100, 40 << 20], ids=["whole", "in parts"])
def test_a_reader_never_misses_what_is_replaced(size: int, bucket: str, tmp_path: Path) -> None:
    place = Location.parse(bucket).below("out.parquet")
    output = open_output(place.uri, tmp_path)
    (old := tmp_path / "old").write_bytes(b"o" * size)
    output.put(old, replace=True)  # nothing is there yet
    with pytest.raises(PermanentError, match="which has no predictions of Viewfinder"):
        output.put(old, replace=False)
    with ThreadPoolExecutor(1) as pool:
        for letter in (b"n", b"o", b"n"):
            (new := tmp_path / "new").write_bytes(letter * size)
            writing = pool.submit(output.put, new, True)
            while not writing.done():
                assert open_client(place).stat(place.key).size == size
            writing.result()
            assert open_client(place).read(place.key, size - 1) == letter


def list_names(bucket: str) -> list[str]:
    place = Location.parse(bucket)
    return [entry.name for entry in list_objects(open_client(place), place.key)]


class Interrupted(LocalModel):
    """Ends after the first part, as Ctrl-C would."""

    parts = 0

    def confirm(self) -> None:
        self.parts += 1
        if self.parts > 1:
            raise KeyboardInterrupt


def test_parts_are_kept_in_the_bucket(
    photos: str, model: LocalModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PART_FILES", 2)
    interrupted = Interrupted(model._model, model.labels, model.version, "")
    interrupted.identity = model.identity
    before = list_names(photos)
    with pytest.raises(KeyboardInterrupt):
        predict_files(photos, open_output(f"{photos}/out.parquet", tmp_path / "one"), interrupted)
    (part,) = set(list_names(photos)) - set(before)
    assert re.fullmatch(r"in/\.out\.parquet\.parts/[0-9a-f]{32}/part-000000\.parquet", part)
    done = predict(photos, f"{photos}/out.parquet", model, tmp_path / "another machine")
    assert (done.resumed, sum(done.counts.values())) == (2, 4)
    assert set(list_names(photos)) - set(before) == {"in/out.parquet"}
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_shards_of_a_bucket(
    photos: str, model: LocalModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PART_FILES", 2)
    write_version(tmp_path / "models" / "colour" / "7")
    root = {"model_root": str(tmp_path / "models"), "model_name": "colour"}
    place = Location.parse(photos).below("out.parquet")
    whole = {**root, "data": photos, "output": place.uri}
    predict_with_version(PredictConfig(**whole))
    table = open_client(place).read(place.key)
    open_client(place).delete(place.key)
    before = list_names(photos)
    divided = divide_for_shards(DivideConfig(**whole, shards=2))
    for shard in divided.shards:
        config = ClassifyConfig(**root, output=place.uri, shard=shard, job=divided.job)
        assert [classify_shard(config).resumed for _ in range(2)] == [0, 2]
    done = predict_with_version(PredictConfig(**whole, job=divided.job))
    assert (done.resumed, sum(done.counts.values())) == (4, 4)
    assert open_client(place).read(place.key) == table
    assert set(list_names(photos)) - set(before) == {"in/out.parquet"}
    with pytest.raises(PermanentError, match="received nothing there, in shard 1 of 2"):
        classify_shard(
            ClassifyConfig(**root, output=place.uri, shard=divided.shards[0], job=divided.job)
        )


def test_a_name_that_leaves_no_room_for_parts(
    photos: str, model: LocalModel, tmp_path: Path
) -> None:
    with pytest.raises(PermanentError, match="bytes too long; choose a shorter name"):
        predict(photos, f"{photos}/{'a' * 980}.parquet", model, tmp_path)


def test_two_machines_make_the_same_predictions(
    photos: str, model: LocalModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PART_FILES", 2)
    output = f"{photos}/out.parquet"

    class Overtaken(LocalModel):
        """Makes its first part after another process has made all."""

        calls = 0

        def confirm(self) -> None:
            self.calls += 1
            if self.calls == 1:
                predict(photos, output, model, tmp_path / "faster")

    slower = Overtaken(model._model, model.labels, model.version, "")
    slower.identity = model.identity
    done = predict_files(photos, open_output(output, tmp_path / "slower"), slower)
    assert (done.resumed, sum(done.counts.values())) == (0, 4)
    assert len(read(output)) == 4
    assert not [name for name in list_names(photos) if ".parts/" in name]
