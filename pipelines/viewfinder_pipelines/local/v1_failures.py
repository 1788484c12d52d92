"""Why a server gave no answer that can be used, in words."""

import errno
import socket
from collections.abc import Iterator

import httpx

from viewfinder_components.errors import TransientError

MALFORMED = (
    *(ValueError, LookupError, TypeError, AttributeError),
    *(ArithmeticError, RecursionError),  # a number of 400 digits, and a thousand nested lists
)
"""What reading an answer raises that is something else."""
LONGEST_REASON = 300
"""Characters of what a server says."""
# All others are about the server, a proxy, or what every photo has in common.
_ABOUT_THE_PHOTO = (400, 413, 415, 422)


class NoAnswerInTimeError(TransientError):
    """A server accepted the connection but did not answer, or did not accept it, for a long time.

    Asking again would take as long.
    """


def find_refusal(answer: httpx.Response) -> str | None:
    """Return why a server refused a photo; None if it did not, or would refuse every photo."""
    if answer.status_code not in _ABOUT_THE_PHOTO:
        return None
    return f"the server refused it (HTTP {answer.status_code}): {reason_of(answer)}"


def reason_of(answer: httpx.Response) -> str:
    """Return a server's reason for a refusal: KServe's protocol has it under `error`."""
    try:
        reason = answer.json()["error"]
    except MALFORMED:
        reason = answer.text
    # JSON may have halves of characters, which cannot be written.
    return str(reason)[:LONGEST_REASON].encode("utf-8", "replace").decode()


def why_unreachable(error: httpx.RequestError, what: str, host: str) -> str:
    """Describe the cause; a library's message starts with a number.

    Args:
        error: What was raised.
        what: Whom the client connects to: a server or a proxy.
        host: Its host.
    """
    cause = next((one for one in _causes(error) if isinstance(one, OSError) and one.errno), None)
    if cause is not None and cause.errno == errno.ECONNREFUSED:
        return f"no {what} listening there"
    if isinstance(cause, socket.gaierror):
        return f"no such host ({host})"
    return describe_cause(cause or error)


def describe_cause(error: BaseException) -> str:
    """Return an error in words, without its number."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
