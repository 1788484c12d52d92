"""A served model that classifies many photos, several requests at a time."""

import io
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

import httpx
import numpy as np
from PIL import Image

from viewfinder_client.answer_body import parse_json
from viewfinder_client.connection import connected
from viewfinder_client.endpoint import Endpoint, show_url
from viewfinder_client.http_client import VERSION_HEADER
from viewfinder_client.protocol import ModelInput, read_description
from viewfinder_client.shrinking import can_shrink, shrink
from viewfinder_client.v1_answers import Classification, read_classification
from viewfinder_client.v1_client import V1Client
from viewfinder_client.v1_failures import MALFORMED, find_refusal
from viewfinder_components.errors import PermanentError
from viewfinder_components.photos.candidate import Candidate
from viewfinder_components.photos.formats import HEAD_BYTES, detect_format
from viewfinder_components.photos.photo_error import PhotoError
from viewfinder_components.photos.read import read_candidate
from viewfinder_components.prediction.models.answers import (
    Answer,
    classified,
    left_out,
    map_in_order,
    refused,
)
from viewfinder_components.prediction.result import UNREADABLE
from viewfinder_components.spelling import spell

_REQUESTS = 8  # at a time: a predictor accepts 64, and those of others must not wait long
_AHEAD = 64  # photos in progress, or waiting for an earlier one
_MAX_BYTES = 64 << 20  # of a photo that is sent; predictors accept 16 MB by default
_TOO_LARGE = 413
_WITHOUT_VERSIONS = (403, 404, 405, 501)  # another server, which has the V1 protocol only
_VERB = ":predict"


class ServedModel:
    """A model behind a V1 endpoint; a `PhotoModel`.

    Args:
        client: What asks it.
    """

    def __init__(self, client: V1Client) -> None:
        self._client = client
        self._input: ModelInput | None = None
        self._place = show_url(client.endpoint.url + _VERB)
        self.labels = self._read(client.ask(_VERB, _draw_grey())).labels
        self.version = self._find_version()
        self.identity: dict[str, Any] = {"url": self._place, "version": self.version}

    def classify(self, candidates: Iterator[Candidate]) -> Generator[Answer, None, None]:
        """Yield the answer about each file; see `PhotoModel.classify`."""
        yield from map_in_order(self._classify, candidates, _REQUESTS, _AHEAD, self._client.stop)

    def confirm(self) -> None:
        """Refuse another version than the first; see `PhotoModel.confirm`."""
        self._need_same(self._find_version())

    def _classify(self, candidate: Candidate) -> Answer:
        if known := left_out(candidate):
            return known
        try:
            data = read_candidate(candidate, _MAX_BYTES)
            detect_format(data[:HEAD_BYTES])  # what is not a photo need not be sent
        except PhotoError as error:
            return refused(candidate.uri, error)
        answer = self._client.ask(_VERB, self._shrink(data))
        if refusal := find_refusal(answer):
            advice = _larger_photos() if answer.status_code == _TOO_LARGE else ""
            return Answer(candidate.uri, UNREADABLE, refusal + advice)
        _, labels, probabilities = self._read(answer)
        number, name = answer.headers.get(VERSION_HEADER), self._client.endpoint.model
        if number is not None and self.version != name:
            self._need_same(f"{name}/{unquote(number)}")
        if labels != self.labels:
            raise PermanentError(
                f"the classes {', '.join(self.labels)[:200]} from {self._place} for all photos",
                ", ".join(labels)[:200],
                "start again, and leave what is served as it is until the end",
            )
        return classified(candidate.uri, np.array(probabilities, np.float32))

    def _shrink(self, photo: bytes) -> bytes:
        """Return a photo as the model sees it, where the server says how: the version stays."""
        return photo if self._input is None else shrink(photo, self._input.image_size)

    def _read(self, answer: httpx.Response) -> Classification:
        return self._client.read(answer, read_classification)

    def _need_same(self, version: str) -> None:
        if version != self.version:
            raise PermanentError(
                f"{self.version} at {self._place} until all photos are classified",
                version,
                "start again, and leave what is served as it is until the end",
            )

    def _find_version(self) -> str:
        """Return the version's name; the model's alone from a server that does not tell."""
        endpoint = self._client.endpoint
        name = str(endpoint.model)
        if endpoint.version is not None:
            return f"{name}/{endpoint.version}"
        if endpoint.metadata_url is None:
            return name
        answer = self._client.send("GET", endpoint.metadata_url)
        if answer.status_code not in _WITHOUT_VERSIONS:
            self._client.need_answer(answer)
        try:
            metadata = parse_json(answer)
            (_,) = metadata["versions"]
        except MALFORMED:
            return name
        with self._client.understood(endpoint.metadata_url):
            described = read_description(metadata)
        self._input = described.input if can_shrink(described.input) else None
        return f"{name}/{described.version}"


@contextmanager
def open_served_model(endpoint: str, model: str | None) -> Iterator[ServedModel]:
    """Find a served model, and classify a grey photo with it to learn its classes.

    Args:
        endpoint: Base URL of a predictor, or a model's URL.
        model: The model's name; if None, the server is asked for it.

    Raises:
        UsageError: The endpoint is no URL.
        PermanentError: The server does not know the model, denies access, or is not a predictor.
        TransientError: The server cannot be reached.
    """
    place = Endpoint.read(endpoint, model)
    with connected(place.address) as connection:
        yield ServedModel(V1Client(connection, place))


def _larger_photos() -> str:
    return f"; {spell('model_version', 'MODEL')} instead of {spell('endpoint')} allows larger ones"


def _draw_grey() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "grey").save(file, "PNG")
    return file.getvalue()
