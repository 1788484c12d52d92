"""The predictor's HTTP routes: V1, V2, health, metrics. They replace kserve's.

kserve's own routes answer many of a client's mistakes with 500, reveal the exception's text
to the caller, report ready in any case, and let anyone unload the model.
"""

import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray
from prometheus_client import REGISTRY

from viewfinder_serving import metrics, v1, v2
from viewfinder_serving.admission import BUSY, Admission
from viewfinder_serving.authentication.authenticator import Authenticator
from viewfinder_serving.classifier import Batch, Classifier, Outputs
from viewfinder_serving.config import ServeConfig
from viewfinder_serving.engine_names import OPENVINO
from viewfinder_serving.engines import PLATFORMS
from viewfinder_serving.exchange import (
    ClientGoneError,
    Exchange,
    Receive,
    Reply,
    Send,
    reply_json,
    reply_refusal,
)
from viewfinder_serving.metrics_page import reply_metrics
from viewfinder_serving.model import PhotoDataPlane, PhotoModel
from viewfinder_serving.pacing import Pacing
from viewfinder_serving.refusals import RefusedError, shown
from viewfinder_serving.request_headers import JSON_LENGTH, need_content_type, read_json_length
from viewfinder_serving.room import Room
from viewfinder_serving.trace_context import find_exemplar
from viewfinder_serving.tracing.request_trace import CURRENT, RequestTrace, phase
from viewfinder_serving.uploads import Uploads
from viewfinder_serving.work import Question

if TYPE_CHECKING:
    from viewfinder_serving.tracing.server_spans import ServerSpans

_log = logging.getLogger(__name__)
_access = logging.getLogger("viewfinder_serving.access")

_VERSION = "viewfinder-model-version"  # V1 has no place for it in the body
_CLIENT_GONE = 499  # nginx's number; nobody receives it, the log and the metrics do

Handler = Callable[..., Awaitable[Reply]]

_OUTCOMES = {_CLIENT_GONE: "gone", BUSY: "busy", 500: "failed"}


class PhotoApp:
    """The ASGI application.

    Args:
        dataplane: kserve's interface to the models.
        config: Limits, and whether to log requests.
        authenticator: Which requests are let in.
        spans: Writes the traces of predictions; None for no traces.
    """

    def __init__(
        self,
        dataplane: PhotoDataPlane,
        config: ServeConfig,
        authenticator: Authenticator,
        spans: "ServerSpans | None",
    ) -> None:
        self._dataplane = dataplane
        self._spans = spans
        self._config = config
        self._authenticator = authenticator
        self._admission = Admission(config.max_requests)
        self._uploads = Uploads(config.max_uploads, config.body_seconds)
        self._room = Room(config.max_buffered_bytes, config.request_seconds)
        self._pacing = Pacing()
        name = r"/models/(?P<name>[^/:]+)"
        version = r"(?:/versions/(?P<version>[^/:]+))?"
        table: list[tuple[str, str, Handler]] = [
            ("GET", r"/", self._alive),
            ("GET", r"/metrics", self._metrics),
            ("GET", r"/v1/models", self._models),
            ("GET", rf"/v1{name}{version}", self._model_ready),
            ("POST", rf"/v1{name}{version}:predict", self._predict_v1),
            ("GET", r"/v2", self._server_metadata),
            ("GET", r"/v2/health/live", self._live),
            ("GET", r"/v2/health/ready", self._ready),
            ("GET", r"/v2/models", self._models),
            ("GET", rf"/v2{name}{version}", self._model_metadata),
            ("GET", rf"/v2{name}{version}/ready", self._model_ready),
            ("POST", rf"/v2{name}{version}/infer", self._infer_v2),
        ]
        self._answering: tuple[str, ...] = (":predict", "/infer")
        if config.explain:
            table.append(("POST", rf"/v1{name}{version}:explain", self._explain_v1))
            self._answering += (":explain",)
        self._routes = [(method, re.compile(path), handler) for method, path, handler in table]

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request; ASGI's entry point."""
        exchange = Exchange(scope, receive, send)
        if self._spans is not None:
            CURRENT.set(RequestTrace() if exchange.path.endswith(self._answering) else None)
        reply = await self._answer(exchange)
        if reply.status != _CLIENT_GONE:
            await exchange.send(reply)
        self._record(exchange, reply)

    async def _answer(self, exchange: Exchange) -> Reply:
        try:
            self._authenticator.check_request(exchange.method, exchange.path, exchange.headers)
            handler, arguments = self._find(exchange)
            return await handler(exchange, **arguments)
        except RefusedError as refusal:
            reply = reply_refusal(refusal)
        except ClientGoneError:
            return Reply(b"", _CLIENT_GONE)
        except Exception:
            number = uuid.uuid4().hex[:12]
            _log.exception("error %s while answering %s", number, shown(exchange.path))
            return reply_json({"error": f"the server failed; see error {number} in its log"}, 500)
        # Only now, because the refusal's traceback holds the body.
        if reply.status == BUSY:
            await self._pacing.wait()
        return reply

    def _find(self, exchange: Exchange) -> tuple[Handler, dict[str, str | None]]:
        matches = [
            (method, found, handler)
            for method, pattern, handler in self._routes
            if (found := pattern.fullmatch(exchange.path))
        ]
        if not matches:
            raise RefusedError(
                "a path of the V1 or V2 protocol", shown(exchange.path), "see GET /v2", status=404
            )
        method, found, handler = matches[0]
        if exchange.method not in (method, "HEAD" if method == "GET" else method):
            raise RefusedError(
                f"{method} for {shown(exchange.path)}",
                shown(exchange.method),
                f"send it with {method}",
                status=405,
                headers={"allow": method},
            )
        return handler, found.groupdict()

    # Health and metadata

    async def _alive(self, exchange: Exchange) -> Reply:
        return reply_json({"status": "alive"})

    async def _live(self, exchange: Exchange) -> Reply:
        return reply_json({"live": True})

    async def _ready(self, exchange: Exchange) -> Reply:
        ready = await self._dataplane.ready()
        return reply_json({"ready": ready}, 200 if ready else 503)

    async def _metrics(self, exchange: Exchange) -> Reply:
        return reply_metrics(REGISTRY, exchange.headers.get("accept", ""))

    async def _models(self, exchange: Exchange) -> Reply:
        return reply_json({"models": list(self._dataplane.model_registry.get_models())})

    async def _server_metadata(self, exchange: Exchange) -> Reply:
        return reply_json(self._dataplane.metadata())

    async def _model_ready(self, exchange: Exchange, name: str, version: str | None) -> Reply:
        model = self._need_model(name, version)
        ready = model.ready and await self._dataplane.ready()
        return reply_json({"name": name, "ready": ready}, 200 if ready else 503)

    async def _model_metadata(self, exchange: Exchange, name: str, version: str | None) -> Reply:
        self._need_model(name, version)
        return reply_json(await self._dataplane.model_metadata(name))

    def _need_model(self, name: str, version: str | None) -> PhotoModel:
        model: PhotoModel | None = self._dataplane.model_registry.get_model(name)
        if model is None or version not in (None, model.version):
            received = shown(name) if version is None else f"{shown(name)} version {shown(version)}"
            raise RefusedError(
                "a model that is served here",
                received,
                "name one that GET /v2/models lists",
                status=404,
            )
        return model

    # Predictions

    async def _predict_v1(self, exchange: Exchange, name: str, version: str | None) -> Reply:
        model = self._need_model(name, version)
        return await self._ask_v1(exchange, model, explained=False)

    async def _explain_v1(self, exchange: Exchange, name: str, version: str | None) -> Reply:
        model = self._need_model(name, version)
        if not model.explains:
            if model.platform != PLATFORMS[OPENVINO]:
                raise RefusedError(
                    "the engine openvino, which explains its answers",
                    f"the engine of {model.platform}",
                    "ask for predictions, or start the server without --engine",
                    status=501,
                )
            raise RefusedError(
                "a model that ends in global average pooling, dense layers and softmax",
                f"{shown(name)}, for whose answers there are no maps",
                "ask for predictions, or train and publish the model with this release",
                status=501,  # kserve's own for a model that does not explain
            )
        return await self._ask_v1(exchange, model, explained=True)

    async def _ask_v1(self, exchange: Exchange, model: PhotoModel, *, explained: bool) -> Reply:
        need_content_type(exchange, {"application/json"})

        def make_question(body: bytearray, deadline: float) -> Question:
            def question(classifier: Classifier) -> Batch:
                photos, is_columnar = v1.parse_request(body, self._config.max_photos)
                body.clear()  # it may be 16 MB, and is no longer needed
                word = partial(_word_v1, classifier, model.version, is_columnar)
                return classifier.prepare(photos, deadline, word, explained)

            return question

        return await self._ask(exchange, model.name, make_question)

    async def _infer_v2(self, exchange: Exchange, name: str, version: str | None) -> Reply:
        model = self._need_model(name, version)
        json_length = read_json_length(exchange)
        binary = set() if json_length is None else {"application/octet-stream"}
        need_content_type(exchange, {"application/json"} | binary)

        def make_question(body: bytearray, deadline: float) -> Question:
            def question(classifier: Classifier) -> Batch:
                request = v2.parse_request(body, json_length, self._config.max_photos)
                body.clear()
                photos = request.photos.copy()
                request.photos.clear()

                def word(found: Outputs) -> Reply:
                    return _word_v2(request, name, model.version, classifier.labels, found.rows)

                return classifier.prepare(photos, deadline, word)

            return question

        return await self._ask(exchange, name, make_question)

    async def _ask(
        self,
        exchange: Exchange,
        name: str,
        make_question: Callable[[bytearray, float], Question],
    ) -> Reply:
        """Read the body when there is room for it, and let the model answer."""
        limit = self._config.max_request_bytes
        exchange.need_size(limit)
        self._admission.need_place()
        with self._room.share(partial(self._uploads.free_room, exchange.address)) as share:
            with self._uploads.open(exchange.address) as upload, phase(CURRENT.get(), "upload"):
                body = await exchange.read_body(limit, upload, share)
            with self._admission.enter(), exchange.cancelling():
                deadline = exchange.started + self._config.request_seconds
                reply, _ = await self._dataplane.infer(name, make_question(body, deadline))
        answer: Reply = reply
        return answer

    def _record(self, exchange: Exchange, reply: Reply) -> None:
        """Count and log one finished request."""
        seconds = time.monotonic() - exchange.started
        prediction = exchange.path.endswith(self._answering)
        if prediction:
            protocol = "v1" if exchange.path.startswith("/v1/") else "v2"
            default = "answered" if reply.status < 400 else "refused"
            outcome = _OUTCOMES.get(reply.status, default)
            metrics.REQUESTS.labels(protocol, outcome, str(reply.status)).inc()
            exchange.trace_id = self._write_spans(exchange, reply, outcome)
            exemplar = find_exemplar(exchange.trace_id, exchange.headers)
            metrics.REQUEST_SECONDS.labels(protocol).observe(seconds, exemplar)
        if self._config.access_log and (prediction or reply.status >= 400):
            _access.info(
                "%s: %s %s %d %.1f ms %d photos%s",
                exchange.client(),
                shown(exchange.method).strip("'"),
                shown(exchange.raw_path.decode("latin-1")).strip("'"),
                reply.status,
                1e3 * seconds,
                reply.photos,
                "" if reply.status < 400 else f" {reply.body[:300].decode(errors='replace')}",
            )

    def _write_spans(self, exchange: Exchange, reply: Reply, outcome: str) -> str:
        """Write one finished prediction's spans; return the id of its trace, if it is kept."""
        trace = CURRENT.get()
        if self._spans is None or trace is None:
            return ""
        return self._spans.write_request(trace, exchange, reply.status, outcome, reply.photos)


def _word_v1(classifier: Classifier, version: str, is_columnar: bool, found: Outputs) -> Reply:
    if found.maps and classifier.explanation_method is not None:
        body = v1.write_explanations(classifier.labels, classifier.explanation_method, found)
    else:
        body = v1.write_answer(classifier.labels, found.rows, is_columnar=is_columnar)
    return Reply(body, headers={_VERSION: quote(version)}, photos=len(found.rows))


def _word_v2(
    request: v2.Request, name: str, version: str, labels: Sequence[str], rows: NDArray[np.float32]
) -> Reply:
    content, length = v2.write_answer(request, name, version, labels, rows)
    if length is None:
        return Reply(content, photos=len(rows))
    return Reply(
        content,
        content_type="application/octet-stream",
        headers={JSON_LENGTH: str(length)},
        photos=len(rows),
    )
