"""Start, run and stop a predictor: kserve's ModelServer with the routes of `app`."""

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import uvicorn
from prometheus_client import REGISTRY

from viewfinder_components.cores import usable_cores
from viewfinder_components.errors import PermanentError, reason_of
from viewfinder_components.photos.room import DecodingRoom
from viewfinder_serving import metrics
from viewfinder_serving.app import PhotoApp
from viewfinder_serving.authentication.authenticator import Authenticator
from viewfinder_serving.authentication.tokens import find_tokens
from viewfinder_serving.classifier import Classifier
from viewfinder_serving.config import ServeConfig
from viewfinder_serving.connection import GuardedProtocol
from viewfinder_serving.container import ContainerCollector, process_age
from viewfinder_serving.cors import allow_origins
from viewfinder_serving.http_server import HttpServer
from viewfinder_serving.kserve_sdk import ModelServer, PredictorConfig
from viewfinder_serving.listening import listen
from viewfinder_serving.model import PhotoDataPlane, PhotoModel
from viewfinder_serving.servable import Servable
from viewfinder_serving.stream_room import find_spare_bytes
from viewfinder_serving.tls.certificate import Certificate, watch_certificate
from viewfinder_serving.tracing.choice import tracing

if TYPE_CHECKING:
    from viewfinder_serving.tracing.server_spans import ServerSpans

_log = logging.getLogger(__name__)

# Longer than a proxy's (Envoy: 60 s), or the proxy would send into a closed connection.
_KEEP_ALIVE_SECONDS = 65


def serve(config: ServeConfig) -> None:
    """Serve a published version until SIGTERM or SIGINT. Call it from the main thread.

    Raises:
        PermanentError: The version cannot be served, the address cannot be listened on, the tokens
            or the certificate cannot be used, or traces cannot be written.
    """
    authenticator = Authenticator(find_tokens(config.token_file))
    certificate = None
    if config.tls_certificate is not None and config.tls_key is not None:
        certificate = watch_certificate(config.tls_certificate, config.tls_key)
    with metrics.LOAD_SECONDS.time():
        servable = Servable.load(
            config.model_dir,
            usable_cores(),
            config.explain,
            config.engine,
            config.precision,
            find_spare_bytes(config),
            config.drift,
        )
    if config.model_version is not None:
        servable = replace(servable, version=config.model_version)
    _log.info("the model computes in %s. %s", servable.precision.name, servable.precision.reason)
    threads = config.threads or usable_cores()
    room = DecodingRoom(config.max_decoding_bytes)
    classifier = Classifier(servable, config.max_pixels, room)
    metrics.REQUESTS_LIMIT.set(config.max_requests)
    REGISTRY.register(ContainerCollector())
    model = PhotoModel(config.name, servable, classifier, threads)
    with tracing(config.tracing, _identify(config, servable)) as spans:
        PhotoServer(config, authenticator, certificate, spans).start([model])


def _identify(config: ServeConfig, servable: Servable) -> dict[str, str]:
    """Return what is served, as attributes of every span."""
    found = {
        "name": config.name,
        "version": servable.version,
        "precision": servable.precision.name,
        "digest": servable.digest,
        "run_id": servable.run_id,
    }
    return {f"viewfinder.model.{name}": value for name, value in found.items() if value}


class PhotoServer(ModelServer):  # type: ignore[misc]  # kserve is not typed
    """kserve's model server with truthful health and a stop that waits for its clients.

    It listens once its models are loaded, so that a probe which only connects is right too.

    Args:
        config: The predictor's settings.
        authenticator: Which requests are let in.
        certificate: Gives the certificate for TLS; None for no TLS.
        spans: Writes the traces of predictions; None for no traces.
    """

    def __init__(
        self,
        config: ServeConfig,
        authenticator: Authenticator,
        certificate: Callable[[], Certificate] | None,
        spans: "ServerSpans | None" = None,
    ) -> None:
        super().__init__(
            http_port=config.port,
            enable_grpc=config.grpc_port is not None,
            predictor_config=PredictorConfig(predictor_host=""),
        )
        self._config = config
        self._authenticator = authenticator
        self._certificate = certificate
        self._spans = spans
        self._stopping = False
        self._failure: PermanentError | None = None
        self.dataplane = PhotoDataPlane(self.registered_models)

    def start(self, models: list[PhotoModel]) -> None:
        """Serve loaded models until a signal ends it.

        Raises:
            PermanentError: The address cannot be listened on, or the ready file cannot be written.
        """
        for model in models:
            self.register_model(model)
        listener = listen(self._config.host, self._config.port)
        http = self._make_http_server()
        with asyncio.Runner(loop_factory=http.config.get_loop_factory()) as runner:
            runner.run(self._run(http, listener))
        for model in models:
            model.close()
        _log.info("stopped")

    def _make_http_server(self) -> HttpServer:
        app: Any = PhotoApp(self.dataplane, self._config, self._authenticator, self._spans)
        if self._config.cors_origins:
            app = allow_origins(app, self._config.cors_origins)
        return HttpServer(
            uvicorn.Config(
                app,
                http=GuardedProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=round(self._config.grace_seconds),
            ),
            self._certificate,
        )

    async def _run(self, http: HttpServer, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop, http, number)
        if self._config.stop_at_eof:
            loop.add_reader(0, self._read_input, http)
        announcing = loop.create_task(self._announce(http, listener))
        async with contextlib.AsyncExitStack() as stack:
            if self._config.grpc_port is not None:
                from viewfinder_serving.grpc_service import running_grpc

                # gRPC would only report a failure, in a traceback.
                listen(self._config.host, self._config.grpc_port, "--grpc-port").close()
                serving = running_grpc(
                    self.dataplane,
                    self._config,
                    self._authenticator,
                    self._certificate,
                    self._spans,
                )
                await stack.enter_async_context(serving)
            await http.serve(sockets=[listener])
        announcing.cancel()
        if self._failure is not None:
            raise self._failure

    def _read_input(self, http: HttpServer) -> None:
        if not os.read(0, 4096):
            asyncio.get_running_loop().remove_reader(0)
            self._stop(http, signal.SIGTERM)

    def _stop(self, http: HttpServer, number: signal.Signals) -> None:
        """Report not ready at once, stop after the drain; a second signal stops immediately."""
        if self._stopping:
            http.should_exit = http.force_exit = True
            return
        self._stopping = True
        self.dataplane.drain()
        wait = self._config.drain_seconds if number == signal.SIGTERM else 0.0
        _log.info("%s: no longer ready, closing in %g s", number.name, wait)
        asyncio.get_running_loop().call_later(wait, setattr, http, "should_exit", True)

    async def _announce(self, http: HttpServer, listener: socket.socket) -> None:
        host, port = listener.getsockname()[:2]
        while not http.started:
            await asyncio.sleep(0.005)
        metrics.READY.set(1)
        if (age := process_age()) is not None:
            metrics.START_SECONDS.set(age)
        scheme = "http" if self._certificate is None else "https"
        url = f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
        _log.info("ready: %s/v1/models/%s:predict", url, self._config.name)
        try:
            self._write_ready_file(url)
        except (OSError, ValueError) as error:  # ValueError: no name for a file, such as "/"
            self._failure = PermanentError(
                f"a writable path for the ready file {self._config.ready_file}",
                reason_of(error),
                "name a file in an existing, writable folder",
            )
            http.should_exit = True

    def _write_ready_file(self, url: str) -> None:
        if self._config.ready_file is not None:
            partial = self._config.ready_file.with_suffix(".partial")
            partial.write_text(json.dumps({"url": url, "pid": os.getpid()}))
            partial.replace(self._config.ready_file)
