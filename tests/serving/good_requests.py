"""A client that only wants its photo classified, all the time."""

import threading
import time

import httpx
from tests.fixtures.waiting import PATIENCE

_OUT_OF_TIME = "an answer within the server's time for a request"


class GoodRequests(threading.Thread):
    """Sends one good request after the other until it is stopped.

    Attributes:
        wrong: What came instead of a prediction.
        late: Refusals for lack of time: a machine that is full has none, and a client asks again.
        seconds: How long each answer took.

    Args:
        url: The predictor's.
        path: Where to send them.
        body: What to send, as JSON.
    """

    def __init__(self, url: str, path: str, body: bytes) -> None:
        super().__init__(daemon=True)
        self.stopped = threading.Event()
        self.wrong: list[str] = []
        self.late: list[str] = []
        self.seconds: list[float] = []
        self._url, self._path, self._body = url, path, body

    def run(self) -> None:
        headers = {"content-type": "application/json"}
        with httpx.Client(base_url=self._url, timeout=PATIENCE, trust_env=False) as client:
            while not self.stopped.wait(0.05):
                started = time.monotonic()
                try:
                    answer = client.post(self._path, content=self._body, headers=headers)
                except httpx.HTTPError as error:
                    self.wrong.append(repr(error))
                    continue
                self.seconds.append(time.monotonic() - started)
                if answer.status_code != 200:
                    (self.late if _OUT_OF_TIME in answer.text else self.wrong).append(answer.text)

    def answered(self) -> int:
        """How many predictions there were."""
        return len(self.seconds) - len(self.late) - len(self.wrong)

    def stop(self) -> None:
        self.stopped.set()
        self.join()
