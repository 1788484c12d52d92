"""Photos in buckets are classified, and predictions are written there."""

import io
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.fixtures.servables import draw, write_version

from viewfinder_components.errors import PermanentError
from viewfinder_components.prediction import listing
from viewfinder_components.prediction.model import LocalModel
from viewfinder_components.prediction.output import open_output
from viewfinder_components.prediction.predict import predict_files
from viewfinder_components.prediction.result import BatchPrediction
from viewfinder_components.storage.clients import open_client
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
        with pytest.raises(PermanentError, match="received another file"):
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


def test_parts_of_a_bucket_are_kept_here(
    photos: str, model: LocalModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PART_FILES", 2)
    place = open_output(f"{photos}/out.parquet", tmp_path / "parts")

    class Interrupted(LocalModel):
        """Ends after the first part, as Ctrl-C would."""

        parts = 0

        def confirm(self) -> None:
            self.parts += 1
            if self.parts > 1:
                raise KeyboardInterrupt

    interrupted = Interrupted(model._model, model.labels, model.version, "")
    interrupted.identity = model.identity
    with pytest.raises(KeyboardInterrupt):
        predict_files(photos, place, interrupted)
    done = predict_files(photos, place, model)
    assert (done.resumed, sum(done.counts.values())) == (2, 4)
    assert list((tmp_path / "parts").iterdir()) == []
