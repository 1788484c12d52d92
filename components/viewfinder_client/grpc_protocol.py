"""The Open Inference Protocol over gRPC, in an event loop.

gRPC's own asyncio interface shares one poller among all event loops of a process, and logs errors
if there are several. So the calls are futures of its other interface, which the loop waits for.
"""

import asyncio
import struct
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import grpc  # type: ignore[import-untyped]

from viewfinder_client.connection_failures import show_place
from viewfinder_client.endpoint import Endpoint
from viewfinder_client.errors import UnansweredError
from viewfinder_client.grpc_channel import open_channel
from viewfinder_client.grpc_failures import explain_call, find_refusal, not_v2
from viewfinder_client.grpc_messages import (
    DecodeError,
    ModelInferRequest,
    ModelMetadataRequest,
    ModelMetadataResponse,
    parse_reply,
)
from viewfinder_client.options import Options
from viewfinder_client.photo_body import INPUT, pack_photo
from viewfinder_client.protocol import Description, Reply, read_input
from viewfinder_client.proxy import find_proxy
from viewfinder_client.trace_headers import make_trace_headers
from viewfinder_client.v1_answers import need_text, read_classification
from viewfinder_client.v1_failures import MALFORMED
from viewfinder_components.bearer_token import OWN_HEADER, find_own_token
from viewfinder_components.errors import UsageError
from viewfinder_components.spelling import spell

_SERVICE = "/inference.GRPCInferenceService"
_LENGTH = struct.Struct("<I")


class GrpcProtocol:
    """Asks a model over gRPC; see `PredictionProtocol`.

    Args:
        endpoint: Where the model is, with its name: gRPC's protocol lists no models.
        options: How to ask.

    Raises:
        UsageError: No model is named, the URL has a path or a user, or an environment variable or
            an option names no usable proxy or certificates.
    """

    def __init__(self, endpoint: Endpoint, options: Options) -> None:
        if endpoint.model is None or endpoint.server is None:
            raise UsageError(
                f"{spell('model')} for {spell('protocol', 'grpc')}, which lists no models",
                "none",
                f"name the model with {spell('model')}",
            )
        proxy = find_proxy(endpoint.server)
        self.place = show_place(endpoint.server, proxy)
        self._model, self._version = endpoint.model, endpoint.version or ""
        self._seconds, self._token = options.seconds, options.token
        self._channel = open_channel(endpoint.server, proxy, options.ca_file)
        self._header = "authorization" if urlsplit(endpoint.server).username is None else OWN_HEADER
        self._infer = self._find("ModelInfer")
        self._metadata = self._find("ModelMetadata")

    needs_model = False

    async def find_model(self) -> None:
        """Do nothing: the model is named."""

    async def describe(self) -> Description:
        """Read the model's metadata; see `PredictionProtocol`."""
        request = ModelMetadataRequest(name=self._model, version=self._version)
        try:
            content, trailing = await self._call(self._metadata, request)
            said = ModelMetadataResponse.FromString(content)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.UNIMPLEMENTED:
                return Description()
            raise explain_call(error, self.place, self._model) from error
        except DecodeError as error:
            raise not_v2(self.place, str(error)) from error
        size, preprocessing = (
            _read_number(trailing.get(f"viewfinder-{name}"))
            for name in ("image-size", "preprocessing")
        )
        version = said.versions[0] if len(said.versions) == 1 else ""
        return Description(version, read_input(size, preprocessing))

    async def ask(self, photo: bytes) -> Reply:
        """Classify a photo; see `PredictionProtocol`."""
        request = ModelInferRequest(model_name=self._model, model_version=self._version)
        request.inputs.add(name=INPUT, datatype="BYTES", shape=[1])
        request.raw_input_contents.append(pack_photo(photo))
        try:
            content, _ = await self._call(self._infer, request)
            return _read_reply(parse_reply(content))
        except grpc.RpcError as error:
            if refusal := find_refusal(error):
                raise UnansweredError(refusal) from error
            raise explain_call(error, self.place, self._model) from error
        except (DecodeError, *MALFORMED) as error:
            raise not_v2(self.place, str(error)) from error

    async def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def _find(self, method: str) -> Any:
        # The answer stays bytes: gRPC would call one that cannot be parsed an internal error.
        return self._channel.unary_unary(
            f"{_SERVICE}/{method}", lambda request: request.SerializeToString()
        )

    async def _call(self, method: Any, request: Any) -> tuple[bytes, dict[str, str]]:
        """Return the answer's bytes, and what the server says after it.

        Raises:
            grpc.RpcError: There is none.
        """
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()

        def wake(_: Any) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits
                loop.call_soon_threadsafe(ended.set)

        call = method.future(request, timeout=self._seconds, metadata=self._make_metadata())
        call.add_done_callback(wake)
        try:
            await ended.wait()
            return call.result(), dict(call.trailing_metadata() or ())
        finally:
            call.cancel()

    def _make_metadata(self) -> list[tuple[str, str]]:
        token = self._token or find_own_token()
        own = {} if token is None else {self._header: f"Bearer {token}"}
        return list((own | make_trace_headers()).items())


def _read_reply(said: Any) -> Reply:
    raw = {
        output.name: content
        for output, content in zip(said.outputs, said.raw_output_contents, strict=True)
    }
    numbers = raw["probabilities"]
    if len(numbers) % 4:
        raise ValueError(f"{len(numbers)} bytes of probabilities")
    (label,) = _unpack_texts(raw["label"])
    row = {
        "label": label,
        "labels": _unpack_texts(raw["labels"]),
        "probabilities": list(struct.unpack(f"<{len(numbers) // 4}f", numbers)),
    }
    version = said.model_version and need_text(said.model_version)
    return Reply(read_classification({"predictions": [row]}), version)


def _unpack_texts(content: bytes) -> list[str]:
    texts, place = [], 0
    while place < len(content):
        start = place + _LENGTH.size
        if start > len(content):
            raise ValueError("a text that is cut off")
        place = start + _LENGTH.unpack_from(content, start - _LENGTH.size)[0]
        if place > len(content):
            raise ValueError("a text that is cut off")
        texts.append(content[start:place].decode())
    return texts


def _read_number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else None
