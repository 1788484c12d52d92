"""The V1 and the V2 protocol over HTTP, in an event loop."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar
from urllib.parse import unquote

import httpx

from viewfinder_client.answer_body import parse_json
from viewfinder_client.connection import explained, find_way, not_a_prediction
from viewfinder_client.connection_failures import show_place
from viewfinder_client.endpoint import Endpoint
from viewfinder_client.errors import UnansweredError
from viewfinder_client.http_client import VERSION_HEADER, exchange, open_http
from viewfinder_client.model_names import explain_unknown_model, read_models
from viewfinder_client.options import Options
from viewfinder_client.photo_body import Body, PhotoBody, TensorBody
from viewfinder_client.protocol import Description, Reply, read_description
from viewfinder_client.v1_answers import need_text, read_classification
from viewfinder_client.v1_client import explain_status
from viewfinder_client.v1_failures import (
    MALFORMED,
    MAY_SUCCEED_LATER,
    find_refusal,
    reason_of,
    shorten,
)
from viewfinder_components.errors import UsageError
from viewfinder_components.spelling import spell

_NOT_FOUND = 404

_Read = TypeVar("_Read")


class _HttpProtocol:
    """What both protocols have in common.

    Args:
        endpoint: Where the model is.
        options: How to ask.

    Raises:
        UsageError: An environment variable or an option names no usable proxy or certificates.
    """

    name = ""

    def __init__(self, endpoint: Endpoint, options: Options) -> None:
        self._proxy, asked, certificates = find_way(endpoint.address, options.ca_file)
        self._timeout = options.seconds
        self._token = options.token
        self._client = open_http(httpx.AsyncClient, options.seconds, asked, certificates)
        self._endpoint = endpoint
        self.place = show_place(endpoint.address, self._proxy)

    @property
    def needs_model(self) -> bool:
        """Whether the model's name is not known yet."""
        return self._endpoint.model is None

    async def find_model(self) -> None:
        """Ask the server for its model; see `PredictionProtocol`."""
        names = await self._list_models()
        if len(names) != 1:
            raise explain_unknown_model("one model", self.place, names)
        self._endpoint = self._endpoint.with_model(names[0])

    async def describe(self) -> Description:
        """Read the model's metadata in the V2 protocol; see `PredictionProtocol`."""
        url = self._endpoint.metadata_url
        if url is None:
            return Description()
        answer = await self._send("GET", url)
        if answer.status_code in MAY_SUCCEED_LATER:
            self._need_answer(answer)
        try:
            return read_description(parse_json(answer))
        except MALFORMED:  # another server's, or a refusal, which the first photo will meet as well
            return Description()

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def _ask(
        self, url: str, body: Body, read: Callable[[httpx.Response, Any], Reply]
    ) -> Reply:
        answer = await self._send("POST", url, body)
        if refusal := find_refusal(answer):
            raise UnansweredError(refusal)
        if answer.status_code == _NOT_FOUND:
            await self._need_model()
        self._need_answer(answer)
        return self._understand(answer, partial(read, answer))

    async def _send(self, method: str, url: str, body: Body | None = None) -> httpx.Response:
        with explained(url, self._proxy, self._timeout, self.name):
            return await exchange(self._client, method, url, body, self._token)

    def _need_answer(self, answer: httpx.Response) -> None:
        if not answer.is_success:
            raise explain_status(answer, self._proxy)

    def _understand(self, answer: httpx.Response, read: Callable[[Any], _Read]) -> _Read:
        try:
            return read(parse_json(answer))
        except MALFORMED as error:
            kind = "" if type(error) is ValueError else f"{type(error).__name__}: "
            received = f"something else ({kind}{shorten(str(error))})"
            url = str(answer.url)
            raise not_a_prediction(url, self._proxy, received, self.name) from error

    async def _list_models(self) -> list[str]:
        url = self._endpoint.models_url
        answer = await self._send("GET", url)
        if answer.status_code == _NOT_FOUND:
            received = f"HTTP {_NOT_FOUND}: {reason_of(answer)}"
            raise not_a_prediction(url, self._proxy, received, self.name)
        self._need_answer(answer)
        return self._understand(answer, read_models)

    async def _need_model(self) -> None:
        """Refuse a model that the server does not have, and name those it has."""
        name = self._endpoint.model
        if self._endpoint.server and name not in (names := await self._list_models()):
            raise explain_unknown_model(f"a model {name}", self.place, names)


class V1Protocol(_HttpProtocol):
    """KServe's V1 protocol, which other servers have as well; see `PredictionProtocol`."""

    name = "V1"

    async def ask(self, photo: bytes) -> Reply:
        """Classify a photo; see `PredictionProtocol`."""
        return await self._ask(f"{self._endpoint.url}:predict", PhotoBody(photo), _read_v1)


class V2Protocol(_HttpProtocol):
    """The Open Inference Protocol over HTTP, in its binary form; see `PredictionProtocol`.

    Args:
        endpoint: As for `V1Protocol`; it names the server.
        options: As for `V1Protocol`.

    Raises:
        UsageError: As for `V1Protocol`, or the endpoint is the URL of another model.
    """

    name = "V2"

    def __init__(self, endpoint: Endpoint, options: Options) -> None:
        if endpoint.server is None:
            raise UsageError(
                f"{spell('endpoint')} to be the URL of a server for {spell('protocol', 'v2')}",
                f"a model's URL of another form ({show_place(endpoint.address, None)})",
                f"name the server, or leave {spell('protocol')} out",
            )
        super().__init__(endpoint, options)

    async def ask(self, photo: bytes) -> Reply:
        """Classify a photo; see `PredictionProtocol`."""
        url = f"{self._endpoint.metadata_url}/infer"
        return await self._ask(url, TensorBody(photo), _read_v2)


def _read_v1(answer: httpx.Response, parsed: Any) -> Reply:
    version = unquote(answer.headers.get(VERSION_HEADER, ""))
    return Reply(read_classification(parsed), version)


def _read_v2(_: httpx.Response, parsed: Any) -> Reply:
    outputs = {output["name"]: output["data"] for output in parsed["outputs"]}
    (label,) = outputs["label"]
    row = {"label": label, "labels": outputs["labels"], "probabilities": outputs["probabilities"]}
    version = parsed.get("model_version") or ""
    return Reply(read_classification({"predictions": [row]}), version and need_text(version))
