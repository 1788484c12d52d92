"""Ask a server one question, outside the measurements."""

import http.client
import socket

from viewfinder_comparison.servers.server import Answer, Place, Server
from viewfinder_components.printable import make_printable

OK = 200
_SHOWN_BYTES = 200


class NoAnswerError(Exception):
    """There is no answer that can be understood; the message says what came instead."""


def ask(server: Server, place: Place, photo: bytes, timeout: float) -> Answer:
    """Send one photo to a server and return its answer.

    Args:
        server: Which kind of server.
        place: Where it is running.
        photo: A photo's file.
        timeout: Seconds for each part of the exchange.

    Raises:
        NoAnswerError: It does not answer, or with another status, or something else.
    """
    try:
        status, body = _exchange(place, server.request(place, photo), timeout)
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswerError(f"no answer ({type(error).__name__})") from error
    if status != OK:
        raise NoAnswerError(f"status {status}: {_show(body)}")
    try:
        return server.read_answer(body)
    except (ValueError, RecursionError, LookupError, TypeError, ArithmeticError) as error:
        raise NoAnswerError(f"an answer that is not understood: {_show(body)}") from error


def _show(body: bytes) -> str:
    return make_printable(body[:_SHOWN_BYTES].decode("utf-8", "replace"))


def _exchange(place: Place, request: bytes, timeout: float) -> tuple[int, bytes]:
    with socket.create_connection((place.host, place.ports[0]), timeout) as connection:
        connection.sendall(request)
        answer = http.client.HTTPResponse(connection, method="POST")
        answer.begin()
        return answer.status, answer.read()
