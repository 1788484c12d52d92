"""Run the receiver until a signal ends it: its server, and the threads that do its work."""

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from viewfinder_components.errors import UsageError, ViewfinderError
from viewfinder_components.spelling import spell, spelled_in_settings
from viewfinder_pipelines.pipeline.registry import TRAINING
from viewfinder_pipelines.retraining.application import OPEN_PATHS, PATH, ReceiverApp
from viewfinder_pipelines.retraining.figures import Figures
from viewfinder_pipelines.retraining.new_photos import PhotoWatch
from viewfinder_pipelines.retraining.receiver import Receiver, make_parameters
from viewfinder_pipelines.retraining.runner import Runner
from viewfinder_pipelines.retraining.state import StateFolder
from viewfinder_pipelines.settings.file import ClusterSettings
from viewfinder_pipelines.settings.retraining import name_table
from viewfinder_serving.authentication.authenticator import Authenticator
from viewfinder_serving.authentication.tokens import find_tokens
from viewfinder_serving.connection import GuardedProtocol
from viewfinder_serving.http_server import HttpServer
from viewfinder_serving.listening import listen

_log = logging.getLogger(__name__)

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_KEEP_ALIVE_SECONDS = 65
_GRACE_SECONDS = 5
_RETRY_SECONDS = 60.0


@dataclass(frozen=True)
class Listening:
    """Where the receiver listens, and to whom.

    Attributes:
        host: The address.
        port: The TCP port; 0 for a free one.
        token_file: File with the tokens that are accepted, one a line; None for those of the
            environment.
    """

    host: str
    port: int
    token_file: Path | None = None


def serve(
    settings: ClusterSettings,
    runner: Runner,
    state: Path,
    listening: Listening,
    say_ready: Callable[[str], None],
) -> None:
    """Receive alerts until SIGTERM or SIGINT. Call it from the main thread.

    Args:
        settings: What starts runs, with which parameters.
        runner: Where runs run.
        state: The folder of the receiver's state.
        listening: Where to listen.
        say_ready: Called with the address for Alertmanager once the receiver listens.

    Raises:
        UsageError: No model is to be retrained, or a parameter is wrong.
        PermanentError: The address, the tokens or the state cannot be used.
        TransientError: A store does not answer.
    """
    planned = plan_models(settings, runner)
    authenticator = Authenticator(_find_tokens(listening), OPEN_PATHS)
    folder, figures = StateFolder(state), Figures()
    with ExitStack() as stack:
        stack.enter_context(folder.held())
        receiver = Receiver(settings.retraining, folder, runner, figures)
        watches = [
            PhotoWatch(model, one, state, _find_source(planned[model]), receiver, figures)
            for model, one in settings.retraining.items()
            if one.new_photos
        ]
        listener = stack.enter_context(closing(listen(listening.host, listening.port)))
        stack.callback(runner.close)
        work = Work(receiver, watches)
        stack.enter_context(work)
        app = ReceiverApp(receiver, figures, authenticator, work.is_alive)
        asyncio.run(_serve(app, listener, say_ready))


def plan_models(settings: ClusterSettings, runner: Runner) -> dict[str, Mapping[str, Any]]:
    """Return the parameters of each model's runs; refuse settings with which none could start.

    Raises:
        UsageError: They are such.
        PermanentError: A folder or a store cannot be used.
        TransientError: A store does not answer.
    """
    if not settings.retraining:
        raise UsageError(
            "a table [retraining.MODEL] in the settings file",
            "none",
            "name there the alerts that start runs; docs/retraining.md shows how",
        )
    planned = {}
    for model, one in settings.retraining.items():
        with spelled_in_settings(name_table(model), TRAINING.parameters):
            planned[model] = runner.check(make_parameters(model, one, ""))
    return planned


def _find_tokens(listening: Listening) -> Callable[[], tuple[bytes, ...]] | None:
    tokens = find_tokens(listening.token_file)
    if tokens is None and listening.host not in _LOOPBACK:
        raise UsageError(
            f"tokens to listen on {listening.host}, where others can start runs",
            "none",
            f"name a file of tokens with {spell('token_file')}, or listen on 127.0.0.1",
        )
    return tokens


def _find_source(parameters: Mapping[str, Any]) -> tuple[str, str]:
    return str(parameters["data"]), str(parameters.get("layout", "auto"))


class Work:
    """The threads that start runs and look at photos, while the block runs.

    Args:
        receiver: What decides about runs.
        watches: What looks at photos.
    """

    def __init__(self, receiver: Receiver, watches: Sequence[PhotoWatch]) -> None:
        self._receiver = receiver
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._work, name="runs", daemon=True)]
        self._threads += [
            threading.Thread(target=self._look, args=(one,), name=one.model, daemon=True)
            for one in watches
        ]

    def is_alive(self) -> bool:
        """Whether all threads are at work."""
        return all(thread.is_alive() for thread in self._threads)

    def __enter__(self) -> "Work":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Let the threads end; one that waits for an answer ends with the process."""
        self._ended.set()
        self._receiver.decided.set()

    def _work(self) -> None:
        while not self._ended.is_set():
            self._receiver.decided.clear()
            self._receiver.decided.wait(self._attempt(self._receiver.work))

    def _look(self, watch: PhotoWatch) -> None:
        while not self._ended.is_set():
            self._attempt(watch.look)
            self._ended.wait(watch.poll_seconds)

    def _attempt(self, act: Callable[[], object]) -> float:
        """Do something that may fail; return the seconds until the next attempt."""
        try:
            pause = act()
        except ViewfinderError as error:
            _log.warning("%s", error)
            return _RETRY_SECONDS
        except Exception:
            # Without its thread, a receiver would take alerts and start nothing.
            _log.exception("the receiver failed; it tries again in %g s", _RETRY_SECONDS)
            return _RETRY_SECONDS
        return pause if isinstance(pause, float) else _RETRY_SECONDS


async def _serve(
    app: ReceiverApp, listener: socket.socket, say_ready: Callable[[str], None]
) -> None:
    config = uvicorn.Config(
        app,
        http=GuardedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server, loop = HttpServer(config, None), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, setattr, server, "should_exit", True)
    host, port = listener.getsockname()[:2]
    announcing = loop.create_task(_announce(server, host, port, say_ready))
    await server.serve(sockets=[listener])
    announcing.cancel()


async def _announce(
    server: HttpServer, host: str, port: int, say_ready: Callable[[str], None]
) -> None:
    while not server.started:
        await asyncio.sleep(0.005)
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    say_ready(f"http://{address}{PATH}")
