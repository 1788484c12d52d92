"""Batch predictions are the predictor's answers, and the predictor can make them."""

import signal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.fixtures.hurry import hurry
from tests.fixtures.photos import fruit_photos, imagenet_files

import viewfinder
from viewfinder_components.prediction.models.local_model import LocalModel
from viewfinder_components.prediction.outputs.output import open_output
from viewfinder_components.prediction.predict import predict_files


@pytest.fixture
def photos(tmp_path: Path, photo) -> Path:
    """Real photos, every format in one colour, a damaged photo and a text."""
    (folder := tmp_path / "photos").mkdir()
    for number, content in enumerate(fruit_photos(20)):
        (folder / f"{number:02}.jpg").write_bytes(content)
    for path in imagenet_files():
        (folder / path.name).write_bytes(path.read_bytes())
    for form in ("PNG", "GIF", "BMP", "WEBP", "TIFF", "AVIF"):
        (folder / f"green.{form}").write_bytes(photo("green", form=form))
    whole = fruit_photos(1)[0]
    half = len(whole) // 2
    (folder / "damaged.jpg").write_bytes(whole[:half] + b"\0" * 40 + whole[half + 40 :])
    (folder / "words.jpg").write_bytes(b"no photo")
    return folder


def predict_locally(photos: Path, servable: Path, output: Path) -> pa.Table:
    place = open_output(str(output), output.parent)
    predict_files(str(photos), place, LocalModel.open(servable))
    return pq.read_table(output)


def test_both_ways_give_the_same(predictor, servable_dir: Path, photos: Path) -> None:
    here = predict_locally(photos, servable_dir, photos.parent / "here.parquet")
    done = viewfinder.predict_batch(
        photos, photos.parent / "there.parquet", endpoint=predictor.url, model="colour"
    )
    there = pq.read_table(done.path)
    assert done.model_version == "colour/7"
    assert (
        here.schema.metadata[b"viewfinder.classes"] == there.schema.metadata[b"viewfinder.classes"]
    )
    for name in ("uri", "status", "label"):
        assert here[name].to_pylist() == there[name].to_pylist()
    assert here["status"].to_pylist().count("ok") == 47
    classified = pa.compute.equal(here["status"], "ok")
    rows = [np.array(one.filter(classified)["probabilities"].to_pylist()) for one in (here, there)]
    np.testing.assert_allclose(*rows, atol=1e-6)


def test_each_answer_is_that_of_a_request(predictor, servable_dir: Path, photos: Path) -> None:
    for row in predict_locally(photos, servable_dir, photos.parent / "o.parquet").to_pylist():
        answer = predictor.predict(Path(row["uri"]).read_bytes())
        assert answer.is_success == (row["status"] == "ok")
        if answer.is_success:
            (told,) = answer.json()["predictions"]
            assert told["label"] == row["label"]
            np.testing.assert_allclose(told["probabilities"], row["probabilities"], atol=1e-6)


def test_a_predictor_that_ends(start, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch, retries=1)
    many = photos.parent / "list.csv"
    names = [str(path) for path in photos.iterdir()] * 100
    many.write_text("\n".join(["uri", *names]))
    output = photos.parent / "out.parquet"
    with start() as predictor:

        def end(line: str) -> None:
            predictor.process.send_signal(signal.SIGKILL)

        with pytest.raises(viewfinder.TransientError, match="a predictor at"):
            viewfinder.predict_batch(many, output, endpoint=predictor.url, progress=end)
    assert not output.exists()
