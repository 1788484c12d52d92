"""The receiver's HTTP routes."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from viewfinder_components.errors import ViewfinderError
from viewfinder_pipelines.retraining.alerts import Alert, read_alerts
from viewfinder_pipelines.retraining.figures import Figures
from viewfinder_pipelines.retraining.receiver import Answer, Receiver
from viewfinder_serving.authentication.authenticator import Authenticator
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
from viewfinder_serving.refusals import RefusedError, shown
from viewfinder_serving.request_headers import need_content_type
from viewfinder_serving.room import Room
from viewfinder_serving.uploads import Uploads

_log = logging.getLogger(__name__)

PATH = "/alerts"
"""Where Alertmanager sends alerts."""
OPEN_PATHS = re.compile("/healthz|/metrics")
"""What needs no token."""

_MOST_BYTES = 1 << 20  # of a body; an alert with its labels and annotations has about 1 KiB
_TOO_LARGE = 413
_BODY_SECONDS = 10.0
_MOST_UPLOADS = 8  # at a time: Alertmanager sends one for each group of alerts


class ReceiverApp:
    """The ASGI application.

    Args:
        receiver: What decides about alerts.
        figures: The metrics.
        authenticator: Which requests are let in.
        is_alive: Whether the receiver's threads are at work.
    """

    def __init__(
        self,
        receiver: Receiver,
        figures: Figures,
        authenticator: Authenticator,
        is_alive: Callable[[], bool],
    ) -> None:
        self._receiver = receiver
        self._figures = figures
        self._authenticator = authenticator
        self._is_alive = is_alive
        self._uploads = Uploads(_MOST_UPLOADS, _BODY_SECONDS)
        self._room = Room(_MOST_UPLOADS * _MOST_BYTES, _BODY_SECONDS)
        self._routes: dict[str, tuple[str, Callable[[Exchange], Awaitable[Reply]]]] = {
            PATH: ("POST", self._take),
            "/healthz": ("GET", self._tell_health),
            "/metrics": ("GET", self._tell_metrics),
        }

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request; ASGI's entry point."""
        exchange = Exchange(scope, receive, send)
        try:
            reply = await self._answer(exchange)
        except ClientGoneError:
            return
        await exchange.send(reply)

    async def _answer(self, exchange: Exchange) -> Reply:
        try:
            self._authenticator.check_request(exchange.method, exchange.path, exchange.headers)
            return await self._find(exchange)(exchange)
        except RefusedError as refusal:
            _log.warning("%s is refused (%d): %s", exchange.client(), refusal.status, refusal)
            return reply_refusal(refusal)
        except ViewfinderError as error:
            # Alertmanager sends the alert again.
            _log.error("an alert could not be taken: %s", error)
            return reply_json({"error": "the receiver's state cannot be written now"}, 503)
        except Exception:
            _log.exception("failed while answering %s", shown(exchange.path))
            return reply_json({"error": "the receiver failed; see its log"}, 500)

    def _find(self, exchange: Exchange) -> Callable[[Exchange], Awaitable[Reply]]:
        if exchange.path not in self._routes:
            raise RefusedError(
                f"one of the paths {', '.join(self._routes)}",
                shown(exchange.path),
                f"let Alertmanager send to {PATH}",
                status=404,
            )
        method, handler = self._routes[exchange.path]
        if exchange.method not in (method, "HEAD" if method == "GET" else method):
            raise RefusedError(
                f"{method} for {exchange.path}",
                shown(exchange.method),
                f"send it with {method}",
                status=405,
                headers={"allow": method},
            )
        return handler

    async def _take(self, exchange: Exchange) -> Reply:
        need_content_type(exchange, {"application/json"})
        try:
            alerts = await self._read(exchange)
        except RefusedError as refusal:
            if refusal.status != _TOO_LARGE:
                raise
            raise RefusedError(
                f"a notification of at most {_MOST_BYTES:,} bytes",
                refusal.received,
                "set max_alerts in Alertmanager's webhook_configs",
                status=_TOO_LARGE,
            ) from refusal
        answers = await asyncio.to_thread(self._receiver.take, alerts)
        return reply_json({"alerts": [_write(answer) for answer in answers]})

    async def _read(self, exchange: Exchange) -> list[Alert]:
        exchange.need_size(_MOST_BYTES)
        with (
            self._room.share() as share,
            self._uploads.open(exchange.address) as upload,
        ):
            return read_alerts(await exchange.read_body(_MOST_BYTES, upload, share))

    async def _tell_health(self, exchange: Exchange) -> Reply:
        alive = self._is_alive()
        return reply_json({"alive": alive}, 200 if alive else 503)

    async def _tell_metrics(self, exchange: Exchange) -> Reply:
        return reply_metrics(self._figures.registry, exchange.headers.get("accept", ""))


def _write(answer: Answer) -> dict[str, str]:
    told = {
        "alert": answer.alert,
        "model": answer.model,
        "run": answer.run,
        "refused": answer.refused or "",
        "detail": answer.detail,
    }
    return {name: text for name, text in told.items() if text}
