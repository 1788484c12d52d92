"""Ask a served model in KServe's V1 protocol."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from threading import Event
from typing import Any, TypeVar

import httpx

from viewfinder_client.answer_body import parse_json
from viewfinder_client.connection import Connection
from viewfinder_client.connection_failures import show_place
from viewfinder_client.endpoint import Endpoint, show_url
from viewfinder_client.model_names import explain_unknown_model, read_models
from viewfinder_client.photo_body import PhotoBody
from viewfinder_client.proxy import Proxy
from viewfinder_client.retrying import RETRY_AFTER, Retries
from viewfinder_client.v1_failures import (
    MALFORMED,
    MAY_SUCCEED_LATER,
    NEEDS_PASSWORD,
    BusyError,
    LastingError,
    NoAnswerInTimeError,
    advise_password,
    reason_of,
    shorten,
)
from viewfinder_components.bearer_token import ADVICE
from viewfinder_components.errors import PermanentError, TransientError, ViewfinderError
from viewfinder_components.spelling import spell

_NOT_FOUND = 404
_RETRIES = 4
_WITHOUT_EXPLANATIONS = (404, 501)  # switched off or an older release; no map of this model
_LATER = "try again, and see the server's log"
_EXPLAINING = (
    "serve a model that Viewfinder trained, with this release and without `--no-explain`, or use "
    "`predict`"
)

_Read = TypeVar("_Read")


class V1Client:
    """Asks a served model; a server that is away for a moment, or busy, is asked again.

    Threads may share it.

    Args:
        connection: What sends requests.
        endpoint: Where the model is; without a name, the server is asked for it.

    Raises:
        PermanentError: The server has several models, or is not a predictor.
        TransientError: The server cannot be reached.
    """

    def __init__(self, connection: Connection, endpoint: Endpoint) -> None:
        self._connection = connection
        self._stopped = Event()
        self._has_answered = False
        self.endpoint = endpoint
        if endpoint.model is None:
            names = self._list_models()
            if len(names) != 1:
                raise self._unknown_model("one model", names)
            self.endpoint = endpoint.with_model(names[0])

    def ask(self, verb: str, photo: bytes) -> httpx.Response:
        """Send a photo to a verb; see `send`."""
        return self.send("POST", self.endpoint.url + verb, PhotoBody(photo))

    def send(self, method: str, url: str, body: PhotoBody | None = None) -> httpx.Response:
        """Send a request, and return the answer, which may be an error's.

        Raises:
            PermanentError: The answer cannot be decompressed, or is too large; there is no TLS that
                can be used; the proxy refuses.
            TransientError: There is no answer; `NoAnswerInTimeError` after a long time.
        """
        retries = Retries(_RETRIES)
        for attempt in count(1):
            answer = self._try(method, url, body)
            if isinstance(answer, httpx.Response) and answer.status_code not in MAY_SUCCEED_LATER:
                break
            after = None if isinstance(answer, TransientError) else answer.headers.get(RETRY_AFTER)
            pause = retries.find_pause(attempt, after)
            if pause is None or self._stopped.wait(pause):
                break
        if isinstance(answer, TransientError):
            raise answer
        return answer

    def _try(
        self, method: str, url: str, body: PhotoBody | None
    ) -> httpx.Response | TransientError:
        """Send a request once; return why there is no answer, if asking again may help."""
        try:
            answer = self._connection.send(method, url, body)
        except NoAnswerInTimeError:
            raise
        except TransientError as error:
            if not self._has_answered:  # the address is probably wrong
                raise
            return error
        self._has_answered = True
        return answer

    def stop(self) -> None:
        """End what other threads wait for, and send nothing more."""
        self._stopped.set()
        self._connection.end_requests()

    def read(self, answer: httpx.Response, read: Callable[[Any], _Read]) -> _Read:
        """Return what an answer about a photo says.

        Args:
            answer: The server's.
            read: Takes it as parsed from JSON, and raises what is in `MALFORMED`.

        Raises:
            PermanentError: There is no such model, the server would refuse every photo, or the
                answer is something else.
            TransientError: The server failed, or is busy.
        """
        if answer.status_code == _NOT_FOUND:
            self._need_model()
        self.need_answer(answer)
        with self.understood(str(answer.url)):
            return read(parse_json(answer))

    def need_answer(self, answer: httpx.Response) -> None:
        """Refuse an answer that is an error's.

        Raises:
            PermanentError: The server refused the request.
            TransientError: The server failed, or is busy.
        """
        if not answer.is_success:
            raise explain_status(answer, self._connection.proxy)

    @contextmanager
    def understood(self, url: str) -> Iterator[None]:
        """Explain an answer from a URL that the block cannot read.

        Raises:
            PermanentError: It is not in the V1 protocol.
        """
        try:
            yield
        except MALFORMED as error:
            kind = "" if type(error) is ValueError else f"{type(error).__name__}: "
            received = f"something else ({kind}{shorten(str(error))})"
            raise self._connection.not_v1(url, received) from error

    def _list_models(self) -> list[str]:
        url = self.endpoint.models_url
        answer = self.send("GET", url)
        if answer.status_code == _NOT_FOUND:
            raise self._connection.not_v1(url, f"HTTP {_NOT_FOUND}: {reason_of(answer)}")
        self.need_answer(answer)
        with self.understood(url):
            return read_models(parse_json(answer))

    def _need_model(self) -> None:
        """Refuse a model that the server does not have, and name those it has."""
        name = self.endpoint.model
        if self.endpoint.server and name not in (names := self._list_models()):
            raise self._unknown_model(f"a model {name}", names)

    def _unknown_model(self, wanted: str, names: Sequence[str]) -> PermanentError:
        place = self._connection.show(str(self.endpoint.server))
        return explain_unknown_model(wanted, place, names)


def explain_status(answer: httpx.Response, proxy: Proxy | None) -> ViewfinderError:
    """Return the error for an answer that is an error's.

    Args:
        answer: The server's, or a proxy's.
        proxy: The proxy that it came through.
    """
    status, where = answer.status_code, show_place(str(answer.url), proxy)
    received = f"HTTP {status}: {reason_of(answer)}"
    if answer.url.path.endswith(":explain") and status in _WITHOUT_EXPLANATIONS:
        expected = f"a predictor that explains its answers at {where}"
        return PermanentError(expected, received, _EXPLAINING)
    if status in MAY_SUCCEED_LATER:
        after = answer.headers.get(RETRY_AFTER)
        return BusyError(f"an answer from {where}", received, _LATER, after)
    if status >= 500:
        return LastingError(f"an answer from {where}", received, _LATER)
    if answer.has_redirect_location:
        received = (
            f"HTTP {status}: a redirection to {shorten(show_url(answer.headers['location']))}"
        )
        remedy = f"correct {spell('endpoint')}: name the predictor's own address"
        return PermanentError(f"an answer from {where}", received, remedy)
    remedy = "fix what the server reports"
    if status == NEEDS_PASSWORD and proxy:
        remedy = advise_password(proxy)
    if status == httpx.codes.UNAUTHORIZED:
        remedy = ADVICE
    return PermanentError(f"{where} to accept the request", received, remedy)
