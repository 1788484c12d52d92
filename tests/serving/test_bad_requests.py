"""A client's mistake is a 4xx with a sentence, whatever the mistake."""

import base64
import io
import json
import random
import string
import struct

import pytest
from PIL import Image
from tests.fixtures.servables import draw

from viewfinder_serving.refusals import RefusedError

JSON = {"content-type": "application/json"}
V1, V2 = "/v1/models/colour:predict", "/v2/models/colour/infer"
EXPLAIN = "/v1/models/colour:explain"


ONE = "expected a readable photo, received one that cannot be used ("  # no index


def huge_picture() -> bytes:
    """A few kilobytes that decode to three megapixels."""
    file = io.BytesIO()
    Image.new("L", (2000, 1500)).save(file, "PNG")
    return file.getvalue()


PHOTO = draw("red", form="JPEG")
B64 = base64.b64encode(PHOTO).decode()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def v1(*instances: object) -> dict:
    return {"instances": list(instances)}


def v2(**changes: object) -> dict:
    tensor = {"name": "image_bytes", "datatype": "BYTES", "shape": [1], "data": [B64]}
    return {"inputs": [{key: value for key, value in (tensor | changes).items() if value != "-"}]}


V1_BODIES = {
    "empty body": (b"", 400, "empty body"),
    "not JSON": (b"hello", 400, "JSON object"),
    "half of JSON": (b'{"instances": [', 400, "JSON object"),
    "not UTF-8": (b'{"instances": ["\xff\xfe"]}', 400, "JSON object"),
    "the photo itself": (PHOTO, 400, "JSON object"),
    "a list": ([], 400, "JSON object"),
    "null": (None, 400, "JSON object"),
    "a number": (5, 400, "JSON object"),
    "NaN": (b'{"instances": NaN}', 400, "JSON object"),
    "a lone surrogate": (b'{"instances": [{"b64": "\\ud800"}]}', 400, "JSON object"),
    "deep JSON": (b'{"instances":' + b"[" * 9_000 + b"]" * 9_000 + b"}", 400, "JSON object"),
    "deeper JSON": (b"[" * 400_000, 400, "at most"),
    "a million values": (b'{"instances":[' + b"1," * 400_000 + b"1]}", 400, "at most"),
    "no instances": ({}, 400, "'instances'"),
    "a misspelt key": ({"instance": [{"b64": B64}]}, 400, "'instances'"),
    "instances null": ({"instances": None}, 400, "'instances'"),
    "instances an object": ({"instances": {"b64": B64}}, 400, "'instances'"),
    "instances a string": ({"instances": B64}, 400, "'instances'"),
    "no photos": (v1(), 400, "at least one photo"),
    "too many photos": (v1(*[{"b64": B64}] * 5), 400, "split"),
    "an unknown signature": (v1({"b64": B64}) | {"signature_name": "x"}, 400, "signature"),
    "a bare string": (v1(B64), 400, "instances[0]"),
    "a number as photo": (v1({"b64": 5}), 400, "base64 string"),
    "a list of pixels": (v1([[1, 2, 3]]), 400, "instances[0]"),
    "a null photo": (v1({"b64": None}), 400, "base64 string"),
    "another key": (v1({"bytes": B64}), 400, "instances[0]"),
    "a key too many": (v1({"b64": B64, "x": 1}), 400, "instances[0]"),
    "nested wrongly": (v1({"image_bytes": B64}), 400, "image_bytes"),
    "an empty photo": (v1({"b64": ""}), 400, "no bytes"),
    "not base64": (v1({"b64": "not base64!"}), 400, "base64"),
    "unpadded base64": (v1({"b64": b64(b"12345").rstrip("=")}), 400, "base64"),
    "base64 with line breaks": (v1({"b64": B64[:76] + "\n" + B64[76:]}), 400, "line breaks"),
    "URL-safe base64": (v1({"b64": "_-_-" * 4}), 400, "base64"),
    "base64 outside ASCII": (v1({"b64": "ä" * 8}), 400, "base64"),
    "a data URL": (v1({"b64": "data:image/jpeg;base64," + B64}), 400, "what follows"),
    "text instead of a photo": (v1({"b64": b64(b"Dear server, ...")}), 400, "not_a_photo"),
    "a photo cut short": (v1({"b64": b64(PHOTO[: len(PHOTO) // 2])}), 400, ONE),
    "a JPEG's first bytes": (v1({"b64": b64(PHOTO[:4])}), 400, ONE),
    "too many megapixels": (v1({"b64": b64(huge_picture())}), 413, "too_large"),
    "HEIC without a picture": (
        v1({"b64": b64(b"\0\0\0\x18ftypheic" + bytes(16))}),
        400,
        "the HEIF header is damaged",
    ),
    "JPEG XL": (v1({"b64": b64(b"\xff\x0a" + bytes(16))}), 400, "JPEG XL"),
    "one bad photo of three": (
        v1({"b64": B64}, {"b64": b64(b"text")}, {"b64": B64}),
        400,
        "index 1",
    ),
    "one bad base64 of two": (v1({"b64": B64}, {"b64": "?"}), 400, "instances[1]"),
}

V2_BODIES = {
    "no inputs": ({}, 400, "'inputs'"),
    "inputs null": ({"inputs": None}, 400, "'inputs'"),
    "inputs empty": ({"inputs": []}, 400, "image_bytes"),
    "inputs of numbers": ({"inputs": [1]}, 400, "'inputs'"),
    "two inputs": ({"inputs": v2()["inputs"] * 2}, 400, "one input"),
    "a wrong name": (v2(name="pixels"), 400, "image_bytes"),
    "no name": (v2(name="-"), 400, "image_bytes"),
    "a list as name": (v2(name=["image_bytes"]), 400, "image_bytes"),
    "a wrong datatype": (v2(datatype="UINT8"), 400, "BYTES"),
    "no datatype": (v2(datatype="-"), 400, "BYTES"),
    "no shape": (v2(shape="-"), 400, "shape"),
    "a shape of text": (v2(shape="1"), 400, "shape"),
    "a negative shape": (v2(shape=[-1]), 400, "shape"),
    "a shape of true": (v2(shape=[True]), 400, "shape"),
    "a shape of fractions": (v2(shape=[1.0]), 400, "shape"),
    "a scalar": (v2(shape=[]), 400, "shape"),
    "a matrix": (v2(shape=[1, 2]), 400, "shape"),
    "three dimensions": (v2(shape=[1, 1, 1]), 400, "shape"),
    "an empty tensor": (v2(shape=[0], data=[]), 400, "at least one photo"),
    "a shape beyond belief": (v2(shape=[10**30]), 400, "shape"),
    "more than the server takes": (v2(shape=[5], data=[B64] * 5), 400, "split"),
    "fewer elements than the shape": (v2(shape=[2]), 400, "2 elements"),
    "more elements than the shape": (v2(data=[B64, B64]), 400, "1 elements"),
    "no data": (v2(data="-"), 400, "'data'"),
    "data a string": (v2(data=B64), 400, "'data'"),
    "data of numbers": (v2(data=[1]), 400, "base64 string"),
    "bad base64": (v2(data=["?"]), 400, "data[0]"),
    "nested too deep": (v2(data=[[[B64]]]), 400, "base64 string"),
    "not a picture": (v2(data=[b64(b"text")]), 400, ONE),
    "a number as id": (v2() | {"id": 5}, 400, "'id'"),
    "outputs a string": (v2() | {"outputs": "label"}, 400, "'outputs'"),
    "outputs of strings": (v2() | {"outputs": ["label"]}, 400, "'outputs'"),
    "an unknown output": (v2() | {"outputs": [{"name": "scores"}]}, 400, "probabilities"),
    "a list as output's name": (v2() | {"outputs": [{"name": ["label"]}]}, 400, "probabilities"),
    "parameters a list": (v2() | {"parameters": []}, 400, "parameters"),
    "a flag of text": (v2() | {"parameters": {"binary_data_output": "yes"}}, 400, "true or false"),
    "data and binary data": (v2(parameters={"binary_data_size": 3}), 400, "both"),
    "binary data without any": (v2(data="-", parameters={"binary_data_size": 3}), 400, "0 bytes"),
    "a binary size of text": (v2(data="-", parameters={"binary_data_size": "3"}), 400, "0 bytes"),
}


def check(answer, status: int, words: str) -> None:
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert words in error, error
    assert "Traceback" not in error
    assert error.startswith("expected ")
    assert "received " in error


@pytest.mark.parametrize("path", [V1, EXPLAIN])
@pytest.mark.parametrize("case", V1_BODIES)
def test_v1(predictor, case, path):
    body, status, words = V1_BODIES[case]
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    check(predictor.client.post(path, content=content, headers=JSON), status, words)


@pytest.mark.parametrize("case", V2_BODIES)
def test_v2(predictor, case):
    body, status, words = V2_BODIES[case]
    check(predictor.client.post(V2, json=body), status, words)


@pytest.mark.parametrize(
    ("length", "tail", "words"),
    [
        ("0", b"", "empty body"),
        ("99999999", b"", "at most the body"),
        ("-1", b"", "digits"),
        ("many", b"", "digits"),
        ("9" * 40, b"", "digits"),
        (None, b"\x05\0\0", "cut off"),
        (None, b"\x05\0\0\0abc", "cut off"),
        (None, b"\xff\xff\xff\xff" + PHOTO, "cut off"),
        (None, b"\0\0\0\0", "cut off or empty"),
        (None, (struct.pack("<I", len(PHOTO)) + PHOTO) * 2, "1 elements"),
        (None, struct.pack("<I", 4) + b"text", "not_a_photo"),
    ],
)
def test_v2_binary(predictor, length, tail, words):
    head = json.dumps(v2(data="-", parameters={"binary_data_size": len(tail)})).encode()
    headers = {
        "content-type": "application/octet-stream",
        "inference-header-content-length": str(len(head)) if length is None else length,
    }
    check(predictor.client.post(V2, content=head + tail, headers=headers), 400, words)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", V1, 405),
        ("PUT", V1, 405),
        ("DELETE", V2, 405),
        ("OPTIONS", V2, 405),
        ("POST", "/v2/health/ready", 405),
        ("POST", "/metrics", 405),
        ("GET", "/nowhere", 404),
        ("GET", "/v1/models/colour/", 404),
        ("GET", "/v3/models/colour", 404),
        ("GET", "/docs", 404),
        ("GET", "/openapi.json", 404),
        ("GET", "/../../etc/passwd", 404),
        ("GET", "/%00%ff%0d%0a", 404),
        ("GET", "/v1/models/other", 404),
        ("POST", "/v1/models/other:predict", 404),
        ("POST", "/v1/models/other:explain", 404),
        ("POST", "/v1/models/colour:generate", 404),
        ("GET", EXPLAIN, 405),
        ("POST", "/v2/models/colour/explain", 404),
        ("GET", "/v2/models/other", 404),
        ("GET", "/v2/models/other/ready", 404),
        ("POST", "/v2/models/other/infer", 404),
        ("POST", "/v2/models/colour/versions/8/infer", 404),
        ("POST", "/v2/repository/models/colour/unload", 404),
        ("POST", "/v2/repository/models/colour/load", 404),
        ("POST", "/v2/repository/index", 404),
    ],
)
def test_paths_and_methods(predictor, method, path, status):
    answer = predictor.client.request(method, path)
    check(answer, status, "")
    assert ("allow" in answer.headers) == (status == 405)


def test_nobody_unloads_the_model(predictor):
    predictor.client.post("/v2/repository/models/colour/unload")
    assert predictor.client.post(V1, json=v1({"b64": B64})).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "image/jpeg"},
        {"content-type": "application/octet-stream"},
        {"content-type": "application/cloudevents+json"},
        {"content-type": ""},
        {"content-type": "application/json", "content-encoding": "br"},
    ],
)
def test_content_types(predictor, headers):
    body = json.dumps(v1({"b64": B64})).encode()
    for path in (V1, EXPLAIN):
        check(predictor.client.post(path, content=body, headers=headers), 415, "content-")


@pytest.mark.parametrize("path", [V1, EXPLAIN])
def test_a_body_too_large_is_refused(predictor, path):
    check(predictor.client.post(path, content=bytes(1_000_001), headers=JSON), 413, "at most")


def test_a_refusal_shows_only_a_little_of_what_was_sent(predictor):
    answer = predictor.client.post(V1, json=v1({"b64": "?" * 900_000}))
    assert answer.status_code == 400
    assert len(answer.content) < 500


def test_random_requests_never_fail_the_server(predictor):
    """Mutations of good requests and of photos: any 4xx or 200, never a 5xx."""
    random_ = random.Random(20260122)  # noqa: S311
    photos = [PHOTO, huge_picture()]
    for form in ("PNG", "GIF", "BMP", "WEBP", "TIFF"):
        photos.append(draw("blue", (40, 30), form))
    for _ in range(600):
        photo = bytearray(random_.choice(photos))
        for _ in range(random_.randrange(4)):
            photo[random_.randrange(len(photo))] = random_.randrange(256)
        if random_.random() < 0.3:
            del photo[random_.randrange(len(photo)) :]
        text = b64(bytes(photo))
        path, body = random_.choice(
            [(V1, v1({"b64": text})), (EXPLAIN, v1({"b64": text})), (V2, v2(data=[text]))]
        )
        content = bytearray(json.dumps(body).encode())
        if random_.random() < 0.5:
            for _ in range(random_.randrange(1, 4)):
                place = random_.randrange(min(len(content), 120))
                content[place] = ord(random_.choice(string.printable))
        answer = predictor.client.post(path, content=bytes(content), headers=JSON)
        assert answer.status_code < 500, (answer.text, bytes(content[:200]))


@pytest.mark.parametrize(
    "text",
    ["cannot identify image file <_io.BytesIO object at 0x7f3a1c0d5e40>", "an Image at 0x7F3A1C0D"],
)
def test_no_refusal_tells_where_an_object_lies(text):
    for refusal in (
        RefusedError(text, "x", "y"),
        RefusedError("x", text, "y"),
        RefusedError("x", "y", text),
    ):
        assert "0x" not in str(refusal)
        assert text[:8] in str(refusal)
