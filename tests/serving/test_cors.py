"""Pages of other origins may ask the predictor if it is told so, and only then."""

import base64

import pytest

from viewfinder_components.errors import UsageError, ViewfinderError
from viewfinder_serving.config import ServeConfig

V1 = "/v1/models/colour:predict"
OURS, THEIRS = "https://photos.example.org", "https://elsewhere.example.org"
PREFLIGHT = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type,content-encoding",
}


@pytest.fixture
def body(photo) -> dict[str, object]:
    return {"instances": [{"b64": base64.b64encode(photo("red")).decode()}]}


def test_by_default_no_page_is_answered(predictor, body):
    answer = predictor.client.post(V1, json=body, headers={"origin": OURS})
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers
    asked = predictor.client.options(V1, headers={"origin": OURS, **PREFLIGHT})
    assert asked.status_code == 405
    assert "access-control-allow-origin" not in asked.headers


def test_pages_of_the_named_origins_are_answered(start, body):
    options = ("--cors-origin", OURS, "--cors-origin", "http://localhost:3000")
    with start(*options) as predictor:
        for origin in (OURS, "http://localhost:3000"):
            asked = predictor.client.options(V1, headers={"origin": origin, **PREFLIGHT})
            assert asked.status_code == 200
            assert asked.headers["access-control-allow-origin"] == origin
            assert "POST" in asked.headers["access-control-allow-methods"]
            answer = predictor.client.post(V1, json=body, headers={"origin": origin})
            assert answer.json()["predictions"][0]["label"] == "red"
            assert answer.headers["access-control-allow-origin"] == origin
            assert "viewfinder-model-version" in answer.headers["access-control-expose-headers"]
            assert "Origin" in answer.headers["vary"]
        refused = predictor.client.options(V1, headers={"origin": THEIRS, **PREFLIGHT})
        assert refused.status_code == 400
        for answer in (refused, predictor.client.post(V1, json=body, headers={"origin": THEIRS})):
            assert "access-control-allow-origin" not in answer.headers


def test_a_page_can_read_a_refusal(start):
    with start("--cors-origin", "*") as predictor:
        answer = predictor.client.post(V1, content=b"no JSON", headers={"origin": THEIRS})
        assert answer.status_code == 400
        assert answer.json()["error"].startswith("expected a JSON object")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        "", "photos.example.org", "https://photos.example.org/", "https://photos.example.org/app",
        "https://Photos.example.org", "https://*.example.org", "https://a.example, https://b.example",
        "https://photos.example.org:443", "http://localhost:80", "null", "https://",
    ],
)  # fmt: skip
def test_what_no_browser_sends_is_refused(tmp_path, origin):
    with pytest.raises(ViewfinderError, match=r"--cors-origin.*such as https://") as caught:
        ServeConfig(tmp_path / "colour", cors_origins=[origin])
    assert isinstance(caught.value, UsageError)


@pytest.mark.parametrize(
    "origin", ["*", OURS, "http://localhost:3000", "http://[::1]:8080", "chrome-extension://abcdef"]
)
def test_what_browsers_send_is_accepted(tmp_path, origin):
    assert ServeConfig(tmp_path / "colour", cors_origins=[origin]).cors_origins == [origin]
