"""The HTTP client leaves nothing behind, however its requests end."""

import gc
import warnings
from collections.abc import Iterator

import pytest
from tests.fixtures.loopback import QuietHandler, serving

from viewfinder_pipelines.local import http_client
from viewfinder_pipelines.local.http_client import AnswerTooLargeError, HttpClient


@pytest.fixture
def url() -> Iterator[str]:
    """Of a server with a long answer."""

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(1 << 20))
            self.end_headers()
            self.wfile.write(bytes(1 << 20))

    with serving(Handler) as url:
        yield url


def test_an_answer_that_is_not_read_to_its_end_leaves_nothing_open(
    url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Python tells of an unfinished task on stderr, so a user would read of it."""
    monkeypatch.setattr(http_client, "MAX_ANSWER_BYTES", 1000)
    with warnings.catch_warnings(record=True, action="always") as warned:
        for _ in range(50):
            with pytest.raises(AnswerTooLargeError), HttpClient(5) as client:
                client.request("GET", url)
        gc.collect()
    assert [str(one.message) for one in warned] == []
    assert caplog.messages == []
