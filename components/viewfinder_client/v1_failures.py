"""Why a server gave no answer that can be used, in words."""

import httpx

from viewfinder_client.answer_body import parse_json
from viewfinder_client.proxy import Proxy
from viewfinder_components.errors import TransientError
from viewfinder_components.printable import make_printable

MALFORMED = (
    *(ValueError, LookupError, TypeError, AttributeError),
    *(ArithmeticError, RecursionError),  # a number of 400 digits, and a thousand nested lists
)
"""What reading an answer raises that is something else."""
_LONGEST_REASON = 300  # characters of what a server says
_LONGEST_READ = 4 * _LONGEST_REASON  # with blanks: millions of words would take memory
NEEDS_PASSWORD = 407
"""The status with which a proxy asks for a user and a password."""
MAY_SUCCEED_LATER = (408, 429, 500, 502, 503, 504)
"""Statuses of the server, a proxy before it, or a pod that is being replaced. 500 is among them: a
photo that a predictor refuses has another status."""
# All others are about the server, a proxy, or what every photo has in common.
_ABOUT_THE_PHOTO = (400, 413, 415, 422)


class LastingError(TransientError):
    """What may pass, but not soon: asking again at once does not help."""


class NoAnswerInTimeError(LastingError):
    """A server accepted the connection but did not answer, or did not accept it, for a long time.

    Asking again would take as long.
    """


class BusyError(TransientError):
    """A server, or a proxy before it, answered that it cannot answer now.

    Args:
        expected: As for `TransientError`.
        received: As for `TransientError`.
        remedy: As for `TransientError`.
        retry_after: The answer's `Retry-After`; None without one.
    """

    def __init__(
        self, expected: str, received: str, remedy: str, retry_after: str | None = None
    ) -> None:
        super().__init__(expected, received, remedy)
        self.retry_after = retry_after


def find_refusal(answer: httpx.Response) -> str | None:
    """Return why a server refused a photo; None if it did not, or would refuse every photo."""
    if answer.status_code not in _ABOUT_THE_PHOTO:
        return None
    return f"the server refused it (HTTP {answer.status_code}): {reason_of(answer)}"


def reason_of(answer: httpx.Response) -> str:
    """Return a server's reason for a refusal; KServe's protocol has it under `error`."""
    try:
        reason = parse_json(answer)["error"]
    except MALFORMED:
        reason = answer.text
    return make_printable(shorten(str(reason)))


def shorten(text: str) -> str:
    """Return the beginning of what a server says, in one line."""
    return " ".join(text[:_LONGEST_READ].split())[:_LONGEST_REASON]


def advise_password(proxy: Proxy) -> str:
    """Return what to do if a proxy refuses with `NEEDS_PASSWORD`."""
    return f"add the user and the password to the URL in {proxy.variable}"


def describe_cause(error: BaseException) -> str:
    """Return an error in words, without its number."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
