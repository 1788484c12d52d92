"""A body may be compressed with gzip, within the same limits."""

import base64
import gzip
import json
import re
import struct
from pathlib import Path

import pytest

V1, V2 = "/v1/models/colour:predict", "/v2/models/colour/infer"
GZIP = {"content-type": "application/json", "content-encoding": "gzip"}


@pytest.fixture
def body(photo) -> bytes:
    return json.dumps({"instances": [{"b64": base64.b64encode(photo("red")).decode()}]}).encode()


def peak_kilobytes(predictor) -> int:
    status = Path(f"/proc/{predictor.process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+)", status)
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip"])
def test_the_answer_is_the_same(predictor, body, coding):
    plain = predictor.client.post(V1, content=body, headers={"content-type": "application/json"})
    headers = {**GZIP, "content-encoding": coding}
    answer = predictor.client.post(V1, content=gzip.compress(body), headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json() == plain.json()


def test_it_may_come_in_chunks(predictor, body):
    compressed = gzip.compress(body)
    parts = (compressed[place : place + 7] for place in range(0, len(compressed), 7))
    answer = predictor.client.post(V1, content=parts, headers=GZIP)
    assert answer.json()["predictions"][0]["label"] == "red"


def test_it_may_be_larger_than_a_step(start, body):
    """Noise that is ignored makes the body larger than what is inflated at once."""
    padded = body[:-1] + b', "ignored": "' + b"x" * 3_000_000 + b'"}'
    with start() as predictor:
        answer = predictor.client.post(V1, content=gzip.compress(padded), headers=GZIP)
        assert answer.json()["predictions"][0]["label"] == "red"


def test_v2_in_the_binary_form(predictor, photo):
    """The JSON's length is that before compression, as in Triton."""
    packed = struct.pack("<I", len(photo("blue"))) + photo("blue")
    tensor = {"name": "image_bytes", "datatype": "BYTES", "shape": [1]}
    tensor["parameters"] = {"binary_data_size": len(packed)}
    text = json.dumps({"inputs": [tensor]}).encode()
    answer = predictor.client.post(
        V2,
        content=gzip.compress(text + packed),
        headers={
            "content-type": "application/octet-stream",
            "content-encoding": "gzip",
            "inference-header-content-length": str(len(text)),
        },
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["outputs"][0]["data"] == ["blue"]


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda whole: whole[:-1], "a whole gzip stream"),
        (lambda whole: whole[:5], "a whole gzip stream"),
        (lambda whole: b"", "a whole gzip stream"),
        (lambda whole: whole + b"\0", "one gzip stream"),
        (lambda whole: whole + whole, "one gzip stream"),
        (lambda whole: whole[:-8] + bytes(4) + whole[-4:], "incorrect data check"),
        (lambda whole: whole[:-4] + bytes(4), "incorrect length check"),
        (gzip.decompress, "a body compressed with gzip"),
        (gzip.compress, "a JSON object"),
        (lambda whole: b"PK\x03\x04" + whole, "a body compressed with gzip"),
    ],
)
def test_a_damaged_body_is_refused(predictor, body, damage, expected):
    answer = predictor.client.post(V1, content=damage(gzip.compress(body)), headers=GZIP)
    assert answer.status_code == 400
    assert expected in answer.json()["error"]


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip", "identity, gzip"])
def test_other_codings_are_refused_with_the_one_that_is_accepted(predictor, body, coding):
    headers = {**GZIP, "content-encoding": coding}
    answer = predictor.client.post(V1, content=body, headers=headers)
    assert answer.status_code == 415
    assert answer.headers["accept-encoding"] == "gzip"


def test_a_bomb_is_refused_before_it_fills_memory(start):
    bomb = gzip.compress(bytes(400_000_000), 9)
    with start("--max-request-mb", "2") as predictor:
        before = peak_kilobytes(predictor)
        for _ in range(3):
            answer = predictor.client.post(V1, content=bomb, headers=GZIP)
            assert answer.status_code == 413
            assert "at most 2,000,000 bytes" in answer.json()["error"]
        assert peak_kilobytes(predictor) - before < 50_000


def test_a_compressed_body_that_contains_nothing_has_a_limit_too(predictor):
    """A gzip header's file name has no maximum length (RFC 1952, 2.3)."""
    head = b"\x1f\x8b\x08\x08" + bytes(6) + b"a" * 1_100_000
    parts = (head[place : place + 50_000] for place in range(0, len(head), 50_000))
    answer = predictor.client.post(V1, content=parts, headers=GZIP)
    assert answer.status_code == 413
