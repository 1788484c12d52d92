"""The Open Inference Protocol (V2) over gRPC, on kserve's generated stubs.

kserve's own servicer is not used: it lets anyone unload the model, and reveals exception texts.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import grpc  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError, reason_of
from viewfinder_serving import metrics
from viewfinder_serving.admission import BUSY, Admission
from viewfinder_serving.authentication.authenticator import Authenticator
from viewfinder_serving.classifier import Batch, Classifier, Outputs
from viewfinder_serving.config import ServeConfig
from viewfinder_serving.grpc_wire import need_few_fields
from viewfinder_serving.kserve_sdk import messages, services
from viewfinder_serving.memory import return_free_memory
from viewfinder_serving.model import PhotoDataPlane, PhotoModel
from viewfinder_serving.pacing import Pacing
from viewfinder_serving.receiving import Receiving
from viewfinder_serving.refusals import RefusedError, shown
from viewfinder_serving.room import Room, Share
from viewfinder_serving.tensors import (
    OUTPUTS,
    best_labels,
    need_elements,
    need_one_input,
    need_shape,
    pack,
    unpack,
)
from viewfinder_serving.tls.certificate import Certificate
from viewfinder_serving.tls.contexts import make_changing_credentials
from viewfinder_serving.trace_context import find_exemplar
from viewfinder_serving.tracing.request_trace import CURRENT, RequestTrace, phase
from viewfinder_serving.work import Question

if TYPE_CHECKING:
    from viewfinder_serving.tracing.server_spans import ServerSpans

_log = logging.getLogger(__name__)
_access = logging.getLogger("viewfinder_serving.access")

_OUTCOMES = {200: "answered", 499: "gone", 500: "failed", BUSY: "busy"}
_CODES = {
    200: grpc.StatusCode.OK,
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    404: grpc.StatusCode.NOT_FOUND,
    408: grpc.StatusCode.DEADLINE_EXCEEDED,
    413: grpc.StatusCode.INVALID_ARGUMENT,
    499: grpc.StatusCode.CANCELLED,
    500: grpc.StatusCode.INTERNAL,
    503: grpc.StatusCode.UNAVAILABLE,
}


_LARGE_BYTES = 4 * 1024**2  # received in a thousand pieces, which leave as many holes
_LOOKAHEAD_BYTES = 64 * 1024
_HANDSHAKE_MILLISECONDS = 10_000  # gRPC's own limit is two minutes
# Messages received at a time; all others wait with at most `_LOOKAHEAD_BYTES` each.
_RECEIVED_AT_ONCE = 2

# Besides its photos a request has about ten fields: names, shape, outputs.
_MORE_FIELDS = 100


@asynccontextmanager
async def running_grpc(
    dataplane: PhotoDataPlane,
    config: ServeConfig,
    authenticator: Authenticator,
    certificate: Callable[[], Certificate] | None,
    spans: "ServerSpans | None",
) -> AsyncIterator[None]:
    """Serve gRPC while the block runs; requests in flight finish when it ends."""
    records = _Records(config.access_log, spans)
    options = [
        ("grpc.max_receive_message_length", config.max_request_bytes),
        # Not fewer than are in progress: a client learns the limit only after its first calls, and
        # those beyond it fail.
        ("grpc.max_concurrent_streams", config.max_requests),
        # Without them gRPC reads as much of a message as the network's speed suggests.
        ("grpc.http2.bdp_probe", 0),
        ("grpc.http2.lookahead_bytes", _LOOKAHEAD_BYTES),
        # A second server on the same port would receive half of the first one's calls.
        ("grpc.so_reuseport", 0),
        ("grpc.server_handshake_timeout_ms", _HANDSHAKE_MILLISECONDS),
    ]
    server = grpc.aio.server(
        options=options, interceptors=[_OwnMethods(config, authenticator, records)]
    )
    services.add_GRPCInferenceServiceServicer_to_server(
        PhotoServicer(dataplane, config, records), server
    )
    host = f"[{config.host}]" if ":" in config.host else config.host
    try:
        if certificate is None:
            server.add_insecure_port(f"{host}:{config.grpc_port}")
        else:
            credentials = make_changing_credentials(certificate)
            server.add_secure_port(f"{host}:{config.grpc_port}", credentials)
    except RuntimeError as error:
        raise PermanentError(
            f"an address for gRPC at {host}:{config.grpc_port}",
            reason_of(error),
            "set another --grpc-port or --host, or stop the program that uses it",
        ) from error
    await server.start()
    try:
        yield
    finally:
        await server.stop(config.grace_seconds)


class _OwnMethods(grpc.aio.ServerInterceptor):  # type: ignore[misc]  # grpc is not typed
    """Receives no message without a place for it, and parses none whose size in memory is unknown.

    To gRPC every method takes a stream and reads as much of it as it wants; to a client, on
    the wire, that is the same. `ModelInfer` gets the bytes as received, and the methods for
    loading and unloading models, which are not implemented, do not read what they are sent.

    Args:
        config: The limits.
        authenticator: Which calls are let in.
        records: Records predictions.
    """

    def __init__(
        self, config: ServeConfig, authenticator: Authenticator, records: "_Records"
    ) -> None:
        self._records = records
        self._authenticator = authenticator
        self._admission = Admission(config.max_requests)
        self._receiving = Receiving(_RECEIVED_AT_ONCE, config.body_seconds, config.request_seconds)
        self._room = Room(config.max_buffered_bytes, config.request_seconds)
        self._pacing = Pacing()

    async def intercept_service(self, continuation: Any, details: Any) -> Any:
        """Return the handler of a method; None if it is not implemented."""
        method = details.method.rpartition("/")[2]
        if method.startswith("Repository"):
            return None
        handler = await continuation(details)
        if handler is None:
            return None
        parse = _unparsed if method == "ModelInfer" else handler.request_deserializer
        return grpc.stream_unary_rpc_method_handler(
            self._answering(method, parse, handler.unary_unary),
            response_serializer=handler.response_serializer,
        )

    def _answering(
        self, method: str, parse: Callable[[bytes], Any], handle: Any
    ) -> Callable[[Any, Any], Any]:
        async def answer(_: Any, context: Any) -> Any:
            started = time.monotonic()
            if parse is _unparsed:
                self._records.begin()
            try:
                self._authenticator.check_call(method, _read_metadata(context))
                with self._admission.enter(), self._room.share() as share:
                    with phase(CURRENT.get(), "upload"):
                        message = await self._receive(context, share)
                    request = _parse(parse, message)
                    del message
                    try:
                        return await handle(request, context)
                    finally:
                        if share.held > _LARGE_BYTES:
                            return_free_memory()
            except RefusedError as refusal:
                if refusal.status == BUSY:
                    refusal.__traceback__ = None  # it holds the message
                    await self._pacing.wait()
                if parse is _unparsed:
                    self._records.add(refusal.status, started, context)
                await _refuse(context, refusal)

        return answer

    async def _receive(self, context: Any, share: Share) -> bytes:
        """Return a call's message, for which there is room."""
        await self._receiving.enter()
        try:
            # Not from gRPC's iterator, which keeps the last message.
            message = await self._receiving.read(context.read())
            if message is grpc.aio.EOF:
                raise RefusedError("a message", "none", "send one per call")
            await share.take(len(message))
        finally:
            self._receiving.leave()
        return bytes(message)


def _read_metadata(context: Any) -> dict[str, str]:
    pairs = context.invocation_metadata() or ()
    return {name: value for name, value in pairs if isinstance(value, str)}


def _unparsed(message: bytes) -> list[bytes]:
    """Return a message in a list, from which it can be removed, so that nothing keeps it."""
    return [message]


def _parse(parse: Callable[[bytes], Any], content: bytes) -> Any:
    try:
        return parse(content)
    except Exception as error:  # protobuf's, which kserve brings; nothing else runs here
        raise RefusedError(
            "a message of the Open Inference Protocol",
            reason_of(error),
            "use stubs generated from the protocol's .proto",
        ) from error


class PhotoServicer(services.GRPCInferenceServiceServicer):  # type: ignore[misc]  # generated
    """Answers the protocol's calls; loading and unloading stay unimplemented.

    Args:
        dataplane: kserve's interface to the models.
        config: The limits.
        records: Records predictions.
    """

    def __init__(self, dataplane: PhotoDataPlane, config: ServeConfig, records: "_Records") -> None:
        self._dataplane = dataplane
        self._config = config
        self._records = records

    async def ServerLive(self, request: Any, context: Any) -> Any:  # noqa: N802  (the protocol's)
        """Confirm that the process is alive."""
        return messages.ServerLiveResponse(live=True)

    async def ServerReady(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Return whether predictions are accepted."""
        return messages.ServerReadyResponse(ready=await self._dataplane.ready())

    async def ModelReady(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Return whether the named model is ready."""
        model = await self._find_model(request, request.name, context)
        return messages.ModelReadyResponse(ready=model.ready and await self._dataplane.ready())

    async def ServerMetadata(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Describe the server."""
        return messages.ServerMetadataResponse(**self._dataplane.metadata())

    async def ModelMetadata(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Describe the named model."""
        await self._find_model(request, request.name, context)
        described = await self._dataplane.model_metadata(request.name)
        # The protocol's message has no field for them.
        parameters = described.pop("parameters")
        context.set_trailing_metadata(
            [(f"viewfinder-{name.replace('_', '-')}", str(parameters[name])) for name in parameters]
        )
        del described["properties"]  # kserve's message has no field for them
        return messages.ModelMetadataResponse(**described)

    async def ModelInfer(self, request: list[bytes], context: Any) -> Any:  # noqa: N802
        """Classify the photos of one request, which is unparsed and is removed from the list."""
        started = time.monotonic()
        status = 500
        try:
            answer = await self._infer(request, started)
            status = 200
            return answer
        except RefusedError as refusal:
            status = refusal.status
            await _refuse(context, refusal)
        except asyncio.CancelledError:
            status = 499
            raise
        except Exception:
            number = uuid.uuid4().hex[:12]
            _log.exception("error %s in ModelInfer", number)
            await context.abort(
                grpc.StatusCode.INTERNAL, f"the server failed; see error {number} in its log"
            )
        finally:
            self._records.add(status, started, context)

    async def _infer(self, holder: list[bytes], started: float) -> Any:
        request = self._parse_infer(holder.pop())
        model = self._need_model(request.model_name, request.model_version)
        question = _make_question(request, model, self._config, started)
        del request  # it may be 16 MB; the photos are copies
        answer, _ = await self._dataplane.infer(model.name, question)
        return answer

    def _parse_infer(self, content: bytes) -> Any:
        need_few_fields(content, self._config.max_photos + _MORE_FIELDS)
        return _parse(messages.ModelInferRequest.FromString, content)

    async def _find_model(self, request: Any, name: str, context: Any) -> PhotoModel:
        try:
            return self._need_model(name, request.version)
        except RefusedError as refusal:
            await _refuse(context, refusal)
            raise  # abort has raised; this is for the type checker

    def _need_model(self, name: str, version: str) -> PhotoModel:
        model: PhotoModel | None = self._dataplane.model_registry.get_model(name)
        if model is None or version not in ("", model.version):
            received = f"{shown(name)} version {shown(version)}"
            raise RefusedError(
                "a model that is served here",
                received,
                "correct the name or the version",
                status=404,
            )
        return model


async def _refuse(context: Any, refusal: RefusedError) -> None:
    """End a call with a refusal; what HTTP would say in headers, such as Retry-After, follows."""
    await context.abort(_CODES[refusal.status], str(refusal), tuple(refusal.headers.items()))


class _Records:
    """Counts, logs and traces finished predictions.

    Args:
        access_log: Whether to log them.
        spans: Writes their traces; None for no traces.
    """

    def __init__(self, access_log: bool, spans: "ServerSpans | None") -> None:
        self._access_log, self._spans = access_log, spans

    def begin(self) -> None:
        """Begin the trace of this task's call."""
        if self._spans is not None:
            CURRENT.set(RequestTrace())

    def add(self, status: int, started: float, context: Any) -> None:
        """Record a finished call.

        Args:
            status: What HTTP would answer.
            started: When it began, in seconds of `time.monotonic`.
            context: gRPC's.
        """
        seconds = time.monotonic() - started
        if self._access_log:
            peer = shown(context.peer()).strip("'")
            _access.info("%s: ModelInfer %d %.1f ms", peer, status, 1e3 * seconds)
        outcome = _OUTCOMES.get(status, "refused")
        metrics.REQUESTS.labels("grpc", outcome, str(status)).inc()
        metadata, written = _read_metadata(context), ""
        if self._spans is not None and (trace := CURRENT.get()) is not None:
            code = _CODES[status].name
            written = self._spans.write_call(trace, metadata, context.peer(), code, outcome)
        exemplar = find_exemplar(written, metadata)
        metrics.REQUEST_SECONDS.labels("grpc").observe(seconds, exemplar)


def _make_question(
    request: Any, model: PhotoModel, config: ServeConfig, started: float
) -> Question:
    photos = _read_photos(request, config.max_photos)
    outputs = _read_outputs(request)
    identifier, is_raw = request.id, bool(request.raw_input_contents)

    def word(found: Outputs) -> Any:
        return _write_answer(identifier, is_raw, outputs, model, found.rows)

    def question(classifier: Classifier) -> Batch:
        taken = photos.copy()
        photos.clear()
        return classifier.prepare(taken, started + config.request_seconds, word)

    return question


def _read_photos(request: Any, max_photos: int) -> list[bytes]:
    need_one_input([tensor.name for tensor in request.inputs])
    tensor = request.inputs[0]
    count = need_shape(tensor.datatype, list(tensor.shape), max_photos)
    if request.raw_input_contents:
        if len(request.raw_input_contents) != 1 or tensor.HasField("contents"):
            raise RefusedError("one content for the one input", "several", "send it once")
        return unpack(request.raw_input_contents[0], count)
    photos = list(tensor.contents.bytes_contents)
    need_elements(len(photos), count)
    return photos


def _read_outputs(request: Any) -> list[str]:
    names = list(dict.fromkeys(output.name for output in request.outputs)) or list(OUTPUTS)
    for name in names:
        if name not in OUTPUTS:
            raise RefusedError(
                f"an output of {', '.join(OUTPUTS)}", shown(name), "see ModelMetadata"
            )
    return names


def _write_answer(
    identifier: str, is_raw: bool, names: list[str], model: PhotoModel, rows: NDArray[np.float32]
) -> Any:
    """Build the answer in the form of the request: raw contents, or typed ones."""
    labels = list(model.labels)
    texts = {"label": best_labels(labels, rows), "labels": labels * len(rows)}
    answer = messages.ModelInferResponse(
        model_name=model.name, model_version=model.version, id=identifier
    )
    for name in names:
        shape = [len(rows)] if name == "label" else [len(rows), len(labels)]
        datatype = "FP32" if name == "probabilities" else "BYTES"
        output = answer.outputs.add(name=name, datatype=datatype, shape=shape)
        if is_raw:
            raw = rows.astype("<f4").tobytes() if datatype == "FP32" else pack(texts[name])
            answer.raw_output_contents.append(raw)
        elif datatype == "FP32":
            output.contents.fp32_contents.extend(rows.ravel().tolist())
        else:
            output.contents.bytes_contents.extend(text.encode() for text in texts[name])
    return answer
