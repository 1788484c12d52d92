"""Send a predictor one request at a time, and distinguish a slow answer from one that never comes.

A fixed timeout cannot do that: on a busy node a good predictor may need minutes for an answer. So
while a request is open, a thread watches how the predictor spends its time. Waiting ends when the
predictor is stuck, when it has used far more processor time than an answer needs, and eventually
also when it gets no processor time.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from viewfinder_components.checking.predictor import RunningPredictor
from viewfinder_components.checking.processor import ProcessorReading, Spent

_JSON = {"content-type": "application/json"}
_LOOK_SECONDS = 0.25
# Threads that wait for Python's lock poll it 200 times a second: that does not count as work.
_IDLE_SHARE = 0.1


@dataclass(frozen=True)
class Patience:
    """When to stop waiting for an answer."""

    still_seconds: float = 20.0
    """Seconds without an answer while the predictor does almost nothing and is not kept waiting."""

    work_seconds: float = 30.0
    """Processor time for one answer, in seconds. The largest photo that the predictor accepts needs
    a tenth of it."""

    busy_seconds: float = 300.0
    """Seconds without an answer while the predictor waits for a processor."""

    whole_seconds: float = 3600.0
    """Seconds for all answers together."""


class NoAnswerError(Exception):
    """The predictor gave no answer.

    Args:
        sentence: What happened, with the figures.
        busy: Whether the node was too busy to tell if the predictor is at fault.
        stacks: What the predictor's threads were doing; empty if unknown.
    """

    def __init__(self, sentence: str, busy: bool = False, stacks: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.busy = busy
        self.stacks = stacks


@dataclass(frozen=True)
class Answer:
    """An answer and what it cost.

    Attributes:
        response: The answer.
        wall_seconds: Wall-clock time from sending the request to receiving the answer.
        spent: Processor and waiting time of the predictor and of this process.
    """

    response: httpx.Response
    wall_seconds: float
    spent: Spent

    @property
    def own_seconds(self) -> float:
        """How long it would have taken if a processor had always been free."""
        return self.spent.own_seconds(self.wall_seconds)


class Conversation:
    """Requests to one predictor. Made by `conversing`.

    Args:
        predictor: A predictor that is ready.
        client: With the predictor's base URL and no timeout.
        patience: When to stop waiting for an answer.
    """

    def __init__(
        self, predictor: RunningPredictor, client: httpx.Client, patience: Patience
    ) -> None:
        self._predictor = predictor
        self._client = client
        self._patience = patience
        self._started = time.monotonic()
        self._watcher: int | None = None
        self._asked: float | None = None
        self._before = ProcessorReading({}, wanting=False)
        self._finding: NoAnswerError | None = None
        self._ended = threading.Event()

    def get(self, path: str) -> Answer:
        """Send a GET request.

        Raises:
            NoAnswerError: There was no answer.
        """
        return self._ask(self._client.build_request("GET", path))

    def post(self, path: str, body: bytes) -> Answer:
        """Send JSON.

        Raises:
            NoAnswerError: There was no answer.
        """
        request = self._client.build_request("POST", path, content=body, headers=_JSON)
        return self._ask(request)

    def _ask(self, request: httpx.Request) -> Answer:
        own = ProcessorReading.of(os.getpid(), leaving_out=self._watcher)
        self._before = ProcessorReading.of(self._predictor.pid)
        self._asked = started = time.monotonic()
        try:
            response = self._client.send(request)
        except httpx.HTTPError as error:
            self._asked = None
            raise self._explain(error) from error
        wall = time.monotonic() - started
        self._asked = None
        spent = ProcessorReading.of(self._predictor.pid).since(self._before)
        spent += ProcessorReading.of(os.getpid(), leaving_out=self._watcher).since(own)
        if self._finding is not None:  # `watch` just stopped waiting
            raise self._finding
        if time.monotonic() - self._started > self._patience.whole_seconds:
            raise NoAnswerError(
                f"The node is too busy for measurements: all answers together took more than "
                f"{self._patience.whole_seconds:g} s, the last one {wall:.1f} s.",
                busy=True,
            )
        return Answer(response, wall, spent)

    def _explain(self, error: httpx.HTTPError) -> NoAnswerError:
        if self._finding is not None:
            return self._finding
        ended = self._predictor.describe_end()
        reason = ended or f"{type(error).__name__}: {error}"
        return NoAnswerError(f"The predictor stopped answering: {reason}.")

    def watch(self) -> None:
        """Watch the open request until `stop`; runs in its own thread."""
        self._watcher = threading.get_native_id()
        asked, moved, last = None, 0.0, ProcessorReading({}, wanting=False)
        while not self._ended.wait(_LOOK_SECONDS):
            now, reading = time.monotonic(), ProcessorReading.of(self._predictor.pid)
            spent = reading.since(last)
            worked = spent.cpu_seconds + spent.waiting_seconds > _IDLE_SHARE * _LOOK_SECONDS
            # A client that is itself waiting for a processor may not have sent anything yet.
            client = ProcessorReading.of(os.getpid(), leaving_out=self._watcher)
            if worked or reading.wanting or client.wanting or asked != self._asked:
                moved = now
            last, asked = reading, self._asked
            if asked is not None and self._judge(now - asked, now - moved, reading):
                self._predictor.kill()
                return

    def stop(self) -> None:
        """End `watch`."""
        self._ended.set()

    def _judge(self, open_seconds: float, still_seconds: float, reading: ProcessorReading) -> bool:
        """Record why to stop waiting for the open request; return whether to stop."""
        spent, patience = reading.since(self._before), self._patience
        figures = (
            f"no answer in {open_seconds:.1f} s, during which its threads ran for "
            f"{spent.cpu_seconds:.2f} s and waited {spent.waiting_seconds:.1f} s for a processor"
        )
        busy = False
        if still_seconds > patience.still_seconds:
            words = "The predictor is stuck"
        elif spent.cpu_seconds > patience.work_seconds:
            words = "The predictor does not finish"
        elif open_seconds > patience.busy_seconds:
            words, busy = "The node is too busy for measurements", True
        else:
            return False
        # Before the stacks are read: CPython reads those of running threads without a lock, which
        # now and then ends the process.
        self._finding = finding = NoAnswerError(f"{words}: {figures}.", busy)
        finding.stacks = self._predictor.read_stacks()
        return True


@contextmanager
def conversing(predictor: RunningPredictor, patience: Patience) -> Iterator[Conversation]:
    """Converse with a predictor while the block runs."""
    never = httpx.Timeout(None)
    with httpx.Client(base_url=predictor.url, trust_env=False, timeout=never) as client:
        conversation = Conversation(predictor, client, patience)
        thread = threading.Thread(target=conversation.watch, name="watch", daemon=True)
        thread.start()
        try:
            yield conversation
        finally:
            conversation.stop()
            thread.join()
