"""The contract's good side: V1 and V2, JSON and binary."""

import base64
import json
import struct

import numpy as np
import pillow_heif
import pytest
from tests.fixtures.servables import LABELS

from viewfinder_client.http_client import VERSION_HEADER


def encode(photo: bytes) -> str:
    return base64.b64encode(photo).decode()


def tensor(*photos: bytes, **extra) -> dict:
    data = [encode(photo) for photo in photos]
    return {
        "inputs": [
            {"name": "image_bytes", "datatype": "BYTES", "shape": [len(data)], "data": data}
        ],
        **extra,
    }


def unpack(data: bytes) -> list[str]:
    texts, offset = [], 0
    while offset < len(data):
        (length,) = struct.unpack_from("<I", data, offset)
        texts.append(data[offset + 4 : offset + 4 + length].decode())
        offset += 4 + length
    return texts


def test_v1_answers_in_order(predictor, photo):
    answer = predictor.predict(photo("red"), photo("blue"), photo("green", form="PNG"))
    assert answer.status_code == 200
    predictions = answer.json()["predictions"]
    assert [prediction["label"] for prediction in predictions] == ["red", "blue", "green"]
    for prediction in predictions:
        assert prediction.keys() == {"label", "labels", "probabilities"}
        assert prediction["labels"] == LABELS
        assert sum(prediction["probabilities"]) == pytest.approx(1, abs=1e-5)
        assert prediction["labels"][np.argmax(prediction["probabilities"])] == prediction["label"]
    assert answer.headers[VERSION_HEADER] == "7"


def test_v1_takes_tensorflow_servings_named_input(predictor, photo):
    body = {
        "signature_name": "serving_default",
        "instances": [{"image_bytes": {"b64": encode(photo("red"))}}],
    }
    answer = predictor.client.post(predictor.predict_path, json=body)
    assert answer.json() == predictor.predict(photo("red")).json()


@pytest.mark.parametrize(
    "form", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "AVIF", "HEIF", "PPM", "JPEG2000"]
)
def test_every_format_is_read(predictor, photo, form):
    pillow_heif.register_heif_opener()  # teaches Pillow to write HEIF
    assert predictor.predict(photo("green", form=form)).json()["predictions"][0]["label"] == "green"


def test_v1_needs_no_content_type_and_takes_a_charset(predictor, photo):
    body = json.dumps({"instances": [{"b64": encode(photo("red"))}]})
    for headers in ({}, {"content-type": "application/json; charset=utf-8"}):
        answer = predictor.client.post(predictor.predict_path, content=body, headers=headers)
        assert answer.status_code == 200


def test_a_version_in_the_path_is_taken_when_it_is_the_one(predictor, photo):
    body = {"instances": [{"b64": encode(photo("red"))}]}
    path = "/v1/models/colour/versions/{}:predict"
    assert predictor.client.post(path.format(7), json=body).status_code == 200
    assert predictor.client.post(path.format(8), json=body).status_code == 404


@pytest.mark.parametrize("named", [False, True])
def test_v1_in_columns(predictor, photo, named):
    """TensorFlow Serving's columnar format: a list per output."""
    column = [{"b64": base64.b64encode(photo(one)).decode()} for one in ("red", "blue")]
    body = {"inputs": {"image_bytes": column} if named else column}
    answer = predictor.client.post(predictor.predict_path, json=body).json()
    rows = predictor.predict(photo("red"), photo("blue")).json()["predictions"]
    assert answer == {
        "outputs": {
            name: [row[name] for row in rows] for name in ("label", "labels", "probabilities")
        }
    }


def test_v2_json(predictor, photo):
    body = tensor(photo("red"), photo("blue"), id="my request")
    answer = predictor.client.post(predictor.infer_path, json=body).json()
    assert answer["id"] == "my request"
    assert (answer["model_name"], answer["model_version"]) == ("colour", "7")
    label, labels, probabilities = answer["outputs"]
    assert label == {"name": "label", "datatype": "BYTES", "shape": [2], "data": ["red", "blue"]}
    assert (labels["datatype"], labels["shape"], labels["data"]) == ("BYTES", [2, 3], LABELS * 2)
    assert (probabilities["datatype"], probabilities["shape"]) == ("FP32", [2, 3])
    v1 = predictor.predict(photo("red"), photo("blue")).json()["predictions"]
    assert probabilities["data"] == v1[0]["probabilities"] + v1[1]["probabilities"]


def test_v2_without_id_has_none_in_the_answer(predictor, photo):
    answer = predictor.client.post(predictor.infer_path, json=tensor(photo("red")))
    assert answer.status_code == 200
    assert "id" not in answer.json()


@pytest.mark.parametrize("nested", [False, True])
def test_v2_takes_a_column(predictor, photo, nested):
    body = tensor(photo("red"), photo("blue"))
    body["inputs"][0]["shape"] = [2, 1]
    if nested:
        body["inputs"][0]["data"] = [[text] for text in body["inputs"][0]["data"]]
    answer = predictor.client.post(predictor.infer_path, json=body).json()
    assert answer["outputs"][0]["data"] == ["red", "blue"]


def test_v2_answers_only_the_outputs_asked_for(predictor, photo):
    body = tensor(photo("red"), outputs=[{"name": "probabilities"}, {"name": "label"}])
    answer = predictor.client.post(predictor.infer_path, json=body).json()
    assert [output["name"] for output in answer["outputs"]] == ["probabilities", "label"]


def test_v2_binary_both_ways(predictor, photo):
    photos = [photo("blue"), photo("red")]
    packed = b"".join(struct.pack("<I", len(data)) + data for data in photos)
    head = {
        "inputs": [
            {
                "name": "image_bytes",
                "datatype": "BYTES",
                "shape": [2],
                "parameters": {"binary_data_size": len(packed)},
            }
        ],
        "parameters": {"binary_data_output": True},
    }
    text = json.dumps(head).encode()
    answer = predictor.client.post(
        predictor.infer_path,
        content=text + packed,
        headers={
            "content-type": "application/octet-stream",
            "inference-header-content-length": str(len(text)),
        },
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/octet-stream"
    length = int(answer.headers["inference-header-content-length"])
    head, tail = json.loads(answer.content[:length]), answer.content[length:]
    parts = {}
    for output in head["outputs"]:
        size = output["parameters"]["binary_data_size"]
        parts[output["name"]], tail = tail[:size], tail[size:]
    assert tail == b""
    assert unpack(parts["label"]) == ["blue", "red"]
    assert unpack(parts["labels"]) == LABELS * 2
    rows = np.frombuffer(parts["probabilities"], "<f4").reshape(2, 3)
    v1 = predictor.predict(*photos).json()["predictions"]
    np.testing.assert_allclose(rows, [prediction["probabilities"] for prediction in v1], atol=1e-7)


def test_kserves_own_client_is_understood(predictor, photo):
    """The SDK writes the binary form and reads the answer."""
    from viewfinder_serving import kserve_sdk  # noqa: F401  (imports kserve without its weight)
    from kserve.protocol.infer_type import InferInput, InferRequest, InferResponse  # isort: skip

    tensor = InferInput("image_bytes", [1], "BYTES")
    tensor.set_data_from_numpy(np.array([photo("green")], np.object_), binary_data=True)
    body, length = InferRequest("colour", [tensor]).to_rest()
    answer = predictor.client.post(
        predictor.infer_path,
        content=body,
        headers={
            "content-type": "application/octet-stream",
            "inference-header-content-length": str(length),
        },
    )
    response = InferResponse.from_rest(answer.json())
    assert response.outputs[0].data == ["green"]


def test_metadata_tells_what_infer_does(predictor, photo):
    metadata = predictor.client.get("/v2/models/colour").json()
    assert metadata["versions"] == ["7"]
    assert metadata["inputs"] == [{"name": "image_bytes", "datatype": "BYTES", "shape": [-1]}]
    answer = predictor.client.post(predictor.infer_path, json=tensor(photo("red"))).json()
    for described, output in zip(metadata["outputs"], answer["outputs"], strict=True):
        assert (described["name"], described["datatype"]) == (output["name"], output["datatype"])
        assert described["shape"][1:] == output["shape"][1:]
    assert predictor.client.get("/v2").json()["name"] == "viewfinder"


def test_models_are_listed(predictor):
    for path in ("/v1/models", "/v2/models"):
        assert predictor.client.get(path).json() == {"models": ["colour"]}
