"""`:explain` of V1. The tests' model pools the photo's own colours, so its maps are known."""

import base64
import io
import json

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops
from PIL import Image
from tests.fixtures.servables import LABELS
from tests.serving.conftest import run_predictor

import viewfinder

EXPLAIN = "/v1/models/colour:explain"
CHANNEL = {"red": 0, "green": 1, "blue": 2}


def explain(predictor, *photos: bytes, path: str = EXPLAIN):
    body = {"instances": [{"b64": base64.b64encode(photo).decode()} for photo in photos]}
    return predictor.client.post(path, json=body)


def half_red(form: str = "PNG", orientation: int = 1) -> bytes:
    """Red on the left three eighths, black elsewhere; 64 x 48."""
    picture = Image.new("RGB", (64, 48))
    picture.paste((255, 0, 0), (0, 0, 24, 48))
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    picture.save(file, form, exif=exif, quality=95)
    return file.getvalue()


def test_a_map_for_each_photo(predictor, photo):
    photos = [photo("red"), photo("blue", (30, 90), form="PNG")]
    answer = explain(predictor, *photos)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    explanations = answer.json()["explanations"]
    predictions = predictor.predict(*photos).json()["predictions"]
    for found, told in zip(explanations, predictions, strict=True):
        assert found.keys() == {"label", "probability", "method", "map", "size", "box"}
        assert found["label"] == told["label"]
        assert found["probability"] == max(told["probabilities"])
        assert found["method"] == "cam"
        assert np.array(found["map"]).shape == tuple(found["size"]) == (32, 32)
    assert [found["box"] for found in explanations] == [[0, 0, 64, 48], [0, 0, 30, 90]]


def test_the_map_is_what_each_place_adds(predictor):
    found = explain(predictor, half_red()).json()["explanations"][0]
    assert found["label"] == "red"
    values = np.array(found["map"])
    np.testing.assert_allclose(values[:, :11], 8, atol=1e-4)
    np.testing.assert_allclose(values[:, 13:], 0, atol=1e-4)
    # The mean is the logit, from which the probability follows: the other two logits are 0.
    odds = np.exp(values.mean())
    assert found["probability"] == pytest.approx(odds / (odds + 2), abs=1e-6)


def test_the_map_lies_over_the_upright_photo(predictor):
    """Orientation 6: what is left in the file is on top when it is shown."""
    found = explain(predictor, half_red("JPEG", 6)).json()["explanations"][0]
    assert found["box"] == [0, 0, 48, 64]
    values = np.array(found["map"])
    assert values[:10].min() > 7
    assert values[14:].max() < 1


def test_a_version_is_explained(predictor, photo):
    path = "/v1/models/colour/versions/7:explain"
    assert explain(predictor, photo("red"), path=path).status_code == 200
    assert explain(predictor, photo("red"), path=path.replace("7", "8")).status_code == 404


def test_explanations_count_as_requests(predictor, photo):
    names = [
        'viewfinder_requests_total{outcome="answered",protocol="v1"',
        "viewfinder_photos_total",
    ]
    before = [predictor.metric(name) for name in names]
    explain(predictor, photo("red"), photo("blue"))
    assert [predictor.metric(name) for name in names] == [before[0] + 1, before[1] + 2]
    refused = predictor.metric('viewfinder_requests_total{outcome="refused",protocol="v1"')
    assert explain(predictor, b"text").status_code == 400
    assert (
        predictor.metric('viewfinder_requests_total{outcome="refused",protocol="v1"') == refused + 1
    )


def test_switched_off_it_is_an_unknown_path(start, photo):
    with start("--no-explain") as predictor:
        answers = [
            explain(predictor, photo("red"), path=f"/v1/models/colour:{verb}")
            for verb in ("explain", "xplain")
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        told = [answer.json()["error"] for answer in answers]
        assert told[0].replace(":explain", ":xplain") == told[1]
        assert predictor.predict(photo("red")).status_code == 200


@pytest.fixture(scope="module")
def without_maps(tmp_path_factory):
    """A predictor whose model pools the largest colours, of which no map has the logit as mean."""
    folder = tmp_path_factory.mktemp("models") / "colour" / "1"
    folder.mkdir(parents=True)
    pixels = ops.parameter([-1, 32, 32, 3], np.uint8, name="pixels")
    largest = ops.reduce_max(ops.convert(pixels, "f32"), np.array([1, 2]), keep_dims=False)
    row = ops.softmax(ops.divide(largest, np.float32(50)), 1)
    ov.save_model(ov.Model([ops.result(row)], [pixels]), folder / "model.xml", False)
    (folder / "labels.json").write_text(json.dumps(LABELS))
    with run_predictor(folder, tmp_path_factory.mktemp("predictor")) as running:
        yield running


@pytest.mark.parametrize("body", ["a photo", "nothing"])
def test_a_model_without_maps_says_so(without_maps, photo, body):
    photos = [photo("red")] if body == "a photo" else []
    answer = explain(without_maps, *photos)
    assert answer.status_code == 501
    assert "ask for predictions" in answer.json()["error"]
    assert without_maps.predict(photo("red")).status_code == 200


@pytest.fixture
def photos(tmp_path, photo):
    """A red photo, and a file that is none."""
    for name, content in {"red.jpg": photo("red"), "text.jpg": b"text"}.items():
        (tmp_path / name).write_bytes(content)
    return [tmp_path / "red.jpg", tmp_path / "text.jpg"]


@pytest.mark.parametrize("path", ["", EXPLAIN, "/v1/models/colour:predict"])
def test_from_python(predictor, photos, path):
    found, refused = viewfinder.explain(photos, predictor.url + path)
    assert isinstance(found, viewfinder.Explanation)
    assert (found.photo, found.label, found.method) == (str(photos[0]), "red", "cam")
    assert (found.box, found.extent) == ((0, 0, 64, 48), (0, 64, 48, 0))
    assert np.array(found.map).shape == (32, 32)
    told = next(viewfinder.predict(photos[0], predictor.url + path))
    assert told.probabilities["red"] == found.probability
    assert isinstance(refused, viewfinder.Unanswered)
    assert "HTTP 400" in refused.error


def test_a_server_that_does_not_explain_is_named_once(without_maps, start, photos):
    with start("--no-explain") as switched_off:
        for predictor, status in ((without_maps, 501), (switched_off, 404)):
            with pytest.raises(viewfinder.PermanentError, match="or use `predict`") as caught:
                list(viewfinder.explain(photos, predictor.url))
            assert f"HTTP {status}" in caught.value.received


def test_an_unknown_model_is_what_is_said_of_it(predictor, photos):
    with pytest.raises(viewfinder.PermanentError, match="a model pets at"):
        list(viewfinder.explain(photos, predictor.url, model="pets"))
