"""A served model that classifies many photos, several requests at a time."""

import base64
import io
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viewfinder_components.errors import PermanentError, TransientError
from viewfinder_components.photos.candidate import Candidate
from viewfinder_components.photos.formats import HEAD_BYTES, detect_format
from viewfinder_components.photos.photo_error import PhotoError
from viewfinder_components.photos.read import read_candidate
from viewfinder_components.prediction.answers import (
    Answer,
    classified,
    left_out,
    map_in_order,
    refused,
)
from viewfinder_components.prediction.result import UNREADABLE
from viewfinder_components.spelling import spell
from viewfinder_pipelines.local.http_client import HttpClient
from viewfinder_pipelines.local.v1_answers import need_text, read_classification
from viewfinder_pipelines.local.v1_client import (
    MALFORMED,
    NoAnswerInTimeError,
    connect,
    find_refusal,
    find_url,
    need_answer,
    need_model,
    send_request,
    understood,
)

_REQUESTS = 8  # at a time: a predictor accepts 64, and those of others must not wait long
_AHEAD = 64  # photos in work, or waiting for an earlier one
_MAX_BYTES = 64 << 20  # of a photo that is sent; predictors accept 16 MB by default
# Of the server, a proxy before it, or a pod that is being replaced. 500 is among them: a photo that
# a predictor refuses has another status.
_AGAIN = (408, 429, 500, 502, 503, 504)
_NOT_FOUND = 404
_TOO_LARGE = 413
_WITHOUT_VERSIONS = (403, 404, 405, 501)  # another server, which has the V1 protocol only
_PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds between two attempts


class ServedModel:
    """A model behind a V1 endpoint; a `PhotoModel`.

    Args:
        client: What sends requests.
        url: The model's `:predict`.
    """

    def __init__(self, client: HttpClient, url: str) -> None:
        self._client = client
        self._url = url
        self._stopped = Event()
        self.labels, _ = self._read(send_request(client, "POST", url, _write_body(_draw_grey())))
        self.version = self._find_version()
        self.identity: dict[str, Any] = {"url": url, "version": self.version}

    def classify(self, candidates: Iterator[Candidate]) -> Generator[Answer, None, None]:
        """Yield the answer about each file; see `PhotoModel.classify`."""
        yield from map_in_order(self._classify, candidates, _REQUESTS, _AHEAD, self._stop)

    def confirm(self) -> None:
        """Refuse another version than the first; see `PhotoModel.confirm`."""
        if (version := self._find_version()) != self.version:
            raise PermanentError(
                f"{self.version} at {self._url} until all photos are classified",
                version,
                "start again, and leave what is served as it is until the end",
            )

    def _stop(self) -> None:
        """End what other threads wait for; no more photos can be classified."""
        self._stopped.set()
        self._client.end_requests()

    def _classify(self, candidate: Candidate) -> Answer:
        if known := left_out(candidate):
            return known
        try:
            data = read_candidate(candidate, _MAX_BYTES)
            detect_format(data[:HEAD_BYTES])  # what is no photo need not be sent
        except PhotoError as error:
            return refused(candidate.uri, error)
        answer = self._ask(data)
        if refusal := find_refusal(answer):
            advice = _larger_photos() if answer.status_code == _TOO_LARGE else ""
            return Answer(candidate.uri, UNREADABLE, refusal + advice)
        labels, row = self._read(answer)
        if labels != self.labels:
            raise PermanentError(
                f"the classes {', '.join(self.labels)[:200]} from {self._url} for all photos",
                ", ".join(labels)[:200],
                "start again, and leave what is served as it is until the end",
            )
        return classified(candidate.uri, row)

    def _ask(self, data: bytes) -> httpx.Response:
        return self._send_patiently("POST", self._url, _write_body(data))

    def _send_patiently(self, method: str, url: str, body: object = None) -> httpx.Response:
        """Send a request; a server that is away for a moment, or busy, is asked again.

        Raises:
            PermanentError: The server would refuse every photo.
            TransientError: It does not answer, or stays busy.
        """
        for pause in _PAUSES:
            try:
                answer = send_request(self._client, method, url, body)
                if answer.status_code not in _AGAIN:
                    return answer
            except NoAnswerInTimeError:
                raise
            except TransientError:
                pass
            if self._stopped.wait(pause):
                break
        answer = send_request(self._client, method, url, body)
        return need_answer(answer) if answer.status_code in _AGAIN else answer

    def _read(self, answer: httpx.Response) -> tuple[tuple[str, ...], NDArray[np.float32]]:
        """Return the classes and their probabilities."""
        if answer.status_code == _NOT_FOUND:
            need_model(self._client, self._url)
        answer = need_answer(answer)
        with understood(self._url):
            _, labels, probabilities = read_classification(answer.json())
        return labels, np.array(probabilities, np.float32)

    def _find_version(self) -> str:
        """Return the version's name; the model's alone from a server that does not tell."""
        endpoint, _, name = self._url.rpartition(":")[0].rpartition("/v1/models/")
        url = f"{endpoint}/v2/models/{name}"
        answer = self._send_patiently("GET", url)
        if answer.status_code not in _WITHOUT_VERSIONS:
            need_answer(answer)
        try:
            (version,) = answer.json()["versions"]
        except MALFORMED:
            return name
        with understood(url):
            return f"{name}/{need_text(version)}"


@contextmanager
def open_served_model(endpoint: str, model: str | None) -> Iterator[ServedModel]:
    """Find a served model, and classify a grey photo with it to learn its classes.

    Args:
        endpoint: Base URL of a predictor, or the full `.../v1/models/NAME:predict`.
        model: The model's name; if None, the server is asked for it.

    Raises:
        PermanentError: The server does not know the model, denies access, or is not a predictor.
        TransientError: The server cannot be reached.
    """
    with connect() as client:
        yield ServedModel(client, find_url(client, endpoint.rstrip("/"), model, ":predict"))


def _larger_photos() -> str:
    return f"; {spell('model_version', 'MODEL')} instead of {spell('endpoint')} allows larger ones"


def _write_body(data: bytes) -> object:
    return {"instances": [{"b64": base64.b64encode(data).decode()}]}


def _draw_grey() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "grey").save(file, "PNG")
    return file.getvalue()
