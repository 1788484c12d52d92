"""Drive a browser of the system over its debugging pipe: open pages, click, take pictures.

The protocol is Chrome's own (https://chromedevtools.github.io/devtools-protocol); over a pipe, it
needs neither a package nor a port.
"""

import base64
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

_SECONDS = 60.0  # how long a page may take until it shows something
_PAUSE = 0.2
_SETTLING = 1.0  # for what moves after it has appeared


class Browser:
    """A tab of a browser.

    Args:
        asked: Where requests are written.
        answered: Where answers are read.
    """

    def __init__(self, asked: BinaryIO, answered: BinaryIO) -> None:
        self._asked, self._answered = asked, answered
        self._number = 0
        self._session: str | None = None
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]

    def open(self, address: str, width: int, height: int) -> None:
        """Open a page in a window of this size, in pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._call("Emulation.setDeviceMetricsOverride", **size)
        self._call("Page.navigate", url="about:blank")  # another fragment alone loads nothing
        self._call("Page.navigate", url=address)

    def wait(self, expression: str, what: str) -> Any:
        """Wait until an expression of JavaScript is true, and return its value.

        Raises:
            RuntimeError: It was not in time.
        """
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            found = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
            if value := found["result"].get("value"):
                return value
            time.sleep(_PAUSE)
        shown = self._call("Runtime.evaluate", expression="document.body.innerText")
        text = " ".join(str(shown["result"].get("value", "")).split())[:300]
        raise RuntimeError(
            f"expected {what} on the page within {_SECONDS:.0f} s, received '{text}'; open the "
            "address in a browser"
        )

    def click(self, expression: str, what: str) -> None:
        """Wait for an element and click on it, as a person does: some listen to the mouse only."""
        box = f"(() => {{ const b = ({expression})?.getBoundingClientRect(); {_CENTER} }})()"
        x, y = self.wait(box, what)
        for kind in ("mousePressed", "mouseReleased"):
            place = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
            self._call("Input.dispatchMouseEvent", **place)

    def take_picture(self, picture: Path, element: str = "document.body") -> None:
        """Write what is seen of an element as a PNG file."""
        time.sleep(_SETTLING)
        x, y, width, height = self.wait(
            f"(() => {{ const b = ({element})?.getBoundingClientRect();"
            " return b && b.width && [b.x, b.y, b.width, b.height] })()",
            "an element for the picture",
        )
        clip = {"x": x, "y": y, "width": width, "height": height, "scale": 1}
        taken = self._call("Page.captureScreenshot", clip=clip)
        picture.write_bytes(base64.b64decode(taken["data"]))

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        asked: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            asked["sessionId"] = self._session
        self._asked.write(json.dumps(asked).encode() + b"\0")
        self._asked.flush()
        while True:  # events come in between
            answer = json.loads(self._read())
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"the browser refused {method}: {answer['error']}")
                return dict(answer["result"])

    def _read(self) -> bytes:
        read = bytearray()
        while (byte := self._answered.read(1)) not in (b"", b"\0"):
            read += byte
        if not byte:
            raise RuntimeError("the browser has ended; start it by hand to see why")
        return bytes(read)


_CENTER = "return b && b.width && [b.x + b.width / 2, b.y + b.height / 2]"


@contextmanager
def started(program: str) -> Iterator[Browser]:
    """Have a browser while the block runs.

    Args:
        program: Its path, as `find_browser` returns it.
    """
    asked, to_browser = os.pipe()
    from_browser, answered = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = (
            f"--headless --no-sandbox --disable-gpu --hide-scrollbars --remote-debugging-pipe"
            f" --user-data-dir={profile}"
        )
        # The pipe's ends are the descriptors 3 and 4 of the browser.
        command = f'exec "$0" {options} 3<&{asked} 4>&{answered}'
        process = subprocess.Popen(
            ["bash", "-c", command, program],
            pass_fds=(asked, answered),
            env=os.environ | {"TMPDIR": profile},  # killed, it leaves its temporary files
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # its own processes end with it
        )
        os.close(asked)
        os.close(answered)
        try:
            with open(to_browser, "wb") as requests, open(from_browser, "rb") as answers:
                yield Browser(requests, answers)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
