"""A server that answers as a real Kubeflow Pipelines once did.

Time in a recording passes with the requests, not with the clock: each reading of a run takes the
recording to its next state, so that a run of minutes is over after a few polls. A request that
changes something must be made before what came after it is told.
"""

import threading
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from tests.kubeflow.recorder.exchanges import Exchange, load, make_exchange
from tests.kubeflow.recorder.http_server import ExchangeServer, Request
from tests.kubeflow.recorder.thinning import RUN


class Tape:
    """A recording that is being played.

    Args:
        exchanges: The recording, in the order of time.
    """

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        self._exchanges = list(exchanges)
        self._changes = [i for i, one in enumerate(exchanges) if not one.is_reading]
        self._done = -1  # the place of the last change that was asked for
        self._place = -1  # how far the recording has been played
        self._lock = threading.Lock()

    def answer(self, method: str, target: str) -> Exchange:
        """Return the answer to a request."""
        with self._lock:
            if method == "GET":
                found = self._read(target)
                if RUN.search(urlsplit(target).path):
                    self._advance()
            else:
                found = self._change(method, target)
        return found or _missing(method, target)

    @property
    def _barrier(self) -> int:
        """The place of the next change that was not asked for yet."""
        return next((i for i in self._changes if i > self._done), len(self._exchanges))

    def _change(self, method: str, target: str) -> Exchange | None:
        path = urlsplit(target).path
        like = [i for i in self._changes if self._is_like(i, method, path)]
        place = next((i for i in like if i > self._done), like[-1] if like else None)
        if place is None:
            return None
        self._done = max(self._done, place)
        self._place = max(self._place, place)
        return self._exchanges[place]

    def _is_like(self, place: int, method: str, path: str) -> bool:
        exchange = self._exchanges[place]
        return (exchange.method, exchange.path) == (method, path)

    def _read(self, target: str) -> Exchange | None:
        """Return what an address said last, or what it will say first."""
        places = self._places_of(target)
        now = [i for i in places if self._done < i < self._barrier]
        for candidates in (
            [i for i in now if i <= self._place][-1:],
            now[:1],
            [i for i in places if i < self._done][-1:],
            places[:1],
        ):
            if candidates:
                return self._exchanges[candidates[0]]
        return None

    def _places_of(self, target: str) -> list[int]:
        """Where an address was read; one that differs in a query's values only will do.

        The name of a pipeline's version is a digest, which changes with the pipeline.
        """
        readings = [(i, one) for i, one in enumerate(self._exchanges) if one.is_reading]
        exact = [i for i, one in readings if one.target == target]
        return exact or [i for i, one in readings if _shape(one.target) == _shape(target)]

    def _advance(self) -> None:
        """Go on to the next state of any run."""
        for place in range(self._place + 1, self._barrier):
            if self._exchanges[place].is_reading and RUN.search(self._exchanges[place].path):
                self._place = place
                return
        # What was read after the last state, such as the end of a log, belongs to it.
        self._place = max(self._place, self._barrier - 1)


def _shape(target: str) -> tuple[str, tuple[str, ...]]:
    parts = urlsplit(target)
    return parts.path, tuple(sorted(name for name, _ in parse_qsl(parts.query)))


def _missing(method: str, target: str) -> Exchange:
    message = f'{{"message": "{method} {target} was not recorded"}}'
    return make_exchange(0, method, target, 404, "application/json", message.encode())


class ReplayServer(ExchangeServer):
    """Plays a recording.

    Args:
        path: The recording.
    """

    def __init__(self, path: Path) -> None:
        self._tape = Tape(load(path))  # first: without a recording there is nothing to open
        super().__init__()

    def answer(self, request: Request) -> Exchange:
        """Return what the real one answered."""
        return self._tape.answer(request.method, request.target)
