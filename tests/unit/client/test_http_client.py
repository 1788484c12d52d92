"""The HTTP client leaves nothing behind, however its requests end."""

import gc
import subprocess
import sys
import warnings
from collections.abc import Iterator

import pytest
from tests.fixtures.loopback import QuietHandler, serving
from tests.fixtures.waiting import PATIENCE

from viewfinder_client import http_client
from viewfinder_client.answer_body import AnswerTooLargeError
from viewfinder_client.http_client import HttpClient


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


ABANDONED = {
    "at its end": "",
    "by an error": "raise SystemExit('the error')",
    "in a child process": """
warnings.simplefilter("ignore")  # newer Pythons warn of a fork beside a thread
if os.fork() == 0:
    signal.alarm(30)
    answers.close()
    os._exit(0)
assert os.wait()[1] == 0
""",
}


@pytest.mark.parametrize("how", ABANDONED)
def test_a_script_ends_that_abandons_a_client(url: str, how: str) -> None:
    script = f"""
import os, signal, warnings
from viewfinder_client.http_client import HttpClient

def ask():
    with HttpClient(5) as client:
        while True:
            yield client.request("GET", {url!r})

answers = ask()
print(next(answers).status_code)
{ABANDONED[how]}
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.stdout == "200\n"
    assert done.stderr == ("the error\n" if "error" in how else "")
