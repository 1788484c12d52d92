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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

_SECONDS = 60.0  # how long a page may take until it shows something
_NOTICE = 10.0  # after which a page has not noticed a click
_PAUSE = 0.2
_SETTLING = 1.0  # what has not moved for so long stays where it is

_Seen = TypeVar("_Seen")


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
        self._call("Page.enable")  # without it, scripts of `hide` are not run

    def hide(self, selector: str) -> None:
        """Leave out what a CSS selector matches, on every page that is opened from now on."""
        rule = json.dumps(f"{selector} {{ display: none !important }}")
        script = (
            "{ const sheet = new CSSStyleSheet();"
            f" sheet.replaceSync({rule}); document.adoptedStyleSheets = [sheet]; }}"
        )
        self._call("Page.addScriptToEvaluateOnNewDocument", source=script)

    def open(self, address: str, width: int, height: int) -> None:
        """Open a page in a window of this size, in pixels."""
        self.resize(width, height)
        self._call("Page.navigate", url="about:blank")  # another fragment alone loads nothing
        self._call("Page.navigate", url=address)

    def resize(self, width: int, height: int) -> None:
        """Give the window another size, in pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._call("Emulation.setDeviceMetricsOverride", **size)

    def wait(self, expression: str, what: str, seconds: float = _SECONDS) -> Any:
        """Wait until an expression of JavaScript is true, and return its value.

        Args:
            expression: JavaScript.
            what: What is there when it is true, in words.
            seconds: The longest time.

        Raises:
            RuntimeError: It was not in time.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
            if value := found["result"].get("value"):
                return value
            time.sleep(_PAUSE)
        shown = self._call("Runtime.evaluate", expression="document.body.innerText")
        text = " ".join(str(shown["result"].get("value", "")).split())[:300]
        raise RuntimeError(
            f"expected {what} on the page within {seconds:.0f} s, received '{text}'; open the "
            "address in a browser"
        )

    def click(self, expression: str, what: str, then: str, result: str) -> None:
        """Click on an element as a person does, because some listen to the mouse only.

        A page that is still busy may take no notice, so it clicks until there is a result.

        Args:
            expression: JavaScript for the element.
            what: The element, in words.
            then: JavaScript that is true after the click.
            result: What is there after the click, in words.

        Raises:
            RuntimeError: There was no such element or no result in time.
        """
        box = f"(() => {{ const b = ({expression})?.getBoundingClientRect(); {_CENTER} }})()"
        deadline = time.monotonic() + _SECONDS
        while True:
            x, y = self._settle(lambda: self.wait(box, what), what)
            for kind in ("mousePressed", "mouseReleased"):
                place = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
                self._call("Input.dispatchMouseEvent", **place)
            try:
                self.wait(then, result, _NOTICE)
                return
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise

    def take_picture(self, picture: Path, element: str = "document.body") -> None:
        """Write what is seen of an element as a PNG file, once that no longer changes.

        Raises:
            RuntimeError: There is no such element, or it never stopped changing.
        """
        what = "an element for the picture"
        picture.write_bytes(
            base64.b64decode(self._settle(lambda: self._shoot(element, what), what))
        )

    def _shoot(self, element: str, what: str) -> str:
        """Return what is seen of an element: a PNG file in base64."""
        x, y, width, height = self.wait(
            f"(() => {{ const b = ({element})?.getBoundingClientRect();"
            " return b && b.width && [b.x, b.y, b.width, b.height] })()",
            what,
        )
        clip = {"x": x, "y": y, "width": width, "height": height, "scale": 1}
        return str(self._call("Page.captureScreenshot", clip=clip)["data"])

    def _settle(self, look: Callable[[], _Seen], what: str) -> _Seen:
        """Look until the same is seen twice, and return it."""
        deadline = time.monotonic() + _SECONDS
        seen = look()
        while time.monotonic() < deadline:
            time.sleep(_SETTLING)
            before, seen = seen, look()
            if seen == before:
                return seen
        raise RuntimeError(
            f"expected {what} to stop changing within {_SECONDS:.0f} s, received other content at "
            "each look; open the address in a browser"
        )

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
