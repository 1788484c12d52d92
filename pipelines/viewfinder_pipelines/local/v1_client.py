"""Talk to a served model in KServe's V1 protocol, and explain why there is no answer."""

import errno
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx

from viewfinder_components.errors import PermanentError, TransientError, UsageError
from viewfinder_components.spelling import spell
from viewfinder_pipelines.local.http_client import (
    LONGEST_SECONDS,
    MAX_ANSWER_BYTES,
    AnswerTooLargeError,
    HttpClient,
)
from viewfinder_pipelines.local.v1_answers import need_text

_TIMEOUT_SECONDS = 60.0
_LONGEST_REASON = 300
_VERBS = (":predict", ":explain")
_NOT_THE_PHOTO = (401, 403, 404, 405, 501)  # the next photo would be refused too
_TEMPORARY = (408, 429)  # the server took too long to read the request, or is busy
_WITHOUT_EXPLANATIONS = (404, 501)  # switched off or an older release; no map of this model
_EXPLAINING = (
    "serve a model that Viewfinder trained, with this release and without `--no-explain`, or use "
    "`predict`"
)


MALFORMED = (
    *(ValueError, LookupError, TypeError, AttributeError),
    *(ArithmeticError, RecursionError),  # a number of 400 digits, and a thousand nested lists
)
"""What reading an answer raises that is something else."""


class NoAnswerInTimeError(TransientError):
    """A server accepted the connection but did not answer, or did not accept it, for a long time.

    Asking again would take as long.
    """


def connect() -> HttpClient:
    """Return an HTTP client, which threads may share."""
    return HttpClient(_TIMEOUT_SECONDS)


def find_url(client: HttpClient, endpoint: str, model: str | None, verb: str) -> str:
    """Return the URL of a model's verb.

    Args:
        client: What asks the server.
        endpoint: Base URL of a predictor without a slash at the end, or a full URL with any of the
            verbs.
        model: The model's name; if None, the server is asked for it.
        verb: Such as `:predict`.

    Raises:
        UsageError: The endpoint is no URL.
        PermanentError: The server has several models, or is not a predictor.
        TransientError: The server cannot be reached.
    """
    if not endpoint.startswith(("http://", "https://")) or endpoint.endswith(":/"):
        raise UsageError(
            f"{spell('endpoint')} to be the URL of a predictor, with http:// or https://",
            repr(endpoint),
            f"write {spell('endpoint', _complete(endpoint))}",
        )
    if endpoint.endswith(_VERBS):
        return endpoint.rpartition(":")[0] + verb
    if model is None:
        names = _list_models(client, endpoint)
        if len(names) != 1:
            raise _unknown_model("one model", endpoint, names)
        model = names[0]
    return f"{endpoint}/v1/models/{model}{verb}"


def _complete(endpoint: str) -> str:
    """Return the URL that was probably meant, if there is no http scheme before it."""
    is_place = "://" not in endpoint and not endpoint.startswith("http:")
    named = endpoint.partition("://")[2] or (endpoint if is_place else "")
    return f"http://{named or '127.0.0.1:8080'}"


def _unknown_model(wanted: str, endpoint: str, names: Sequence[str]) -> PermanentError:
    return PermanentError(
        f"{wanted} at {endpoint}",
        f"a server with {', '.join(names)}" if names else "a server without models",
        f"name one of those with {spell('model')}" if names else "see the server's log",
    )


def _list_models(client: HttpClient, endpoint: str) -> list[str]:
    url = f"{endpoint}/v1/models"
    answer = need_answer(send_request(client, "GET", url))
    with understood(url):
        names = answer.json()["models"]
        return [need_text(name) for name in names]


def find_refusal(answer: httpx.Response) -> str | None:
    """Return why a server refused a photo; None if it did not, or would refuse every photo."""
    if not answer.is_error or answer.status_code in _NOT_THE_PHOTO:
        return None
    return f"the server refused it (HTTP {answer.status_code}): {reason_of(answer)}"


def need_model(client: HttpClient, url: str) -> None:
    """Refuse a model that the server does not have, and name those it has."""
    endpoint, _, name = url.rpartition(":")[0].rpartition("/v1/models/")
    if endpoint and name not in (names := _list_models(client, endpoint)):
        raise _unknown_model(f"a model {name}", endpoint, names)


def send_request(
    client: HttpClient, method: str, url: str, body: object | None = None
) -> httpx.Response:
    """Send a request.

    Args:
        client: What sends it.
        method: Such as `POST`.
        url: Where to.
        body: JSON to send; None for nothing.

    Raises:
        UsageError: The URL is malformed.
        PermanentError: The answer cannot be decompressed, or is too large.
        TransientError: There is no answer; `NoAnswerInTimeError` after a long time.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port  # httpx turns 999999 into another port
        (parts.hostname or "").encode("idna")  # a host such as a..b cannot exist
        return client.request(method, url, body)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError) as error:
        raise UsageError(
            f"{spell('endpoint')} to be the URL of a predictor, such as http://127.0.0.1:8080",
            f"{url!r} ({error})",
            f"write {spell('endpoint', 'http://127.0.0.1:8080')}, or another host and port",
        ) from error
    except httpx.DecodingError as error:
        raise _not_v1(url, f"one that cannot be decompressed ({error})") from error
    except AnswerTooLargeError as error:
        raise _not_v1(url, f"one of more than {MAX_ANSWER_BYTES >> 20} MiB") from error
    except TimeoutError as error:
        received = f"no complete answer within {LONGEST_SECONDS:g} s"
        raise _unreachable(url, received, NoAnswerInTimeError) from error
    except httpx.ConnectTimeout as error:
        raise _unreachable(url, "no answer to connecting", NoAnswerInTimeError) from error
    except httpx.TimeoutException as error:
        received = f"no answer within {_TIMEOUT_SECONDS:g} s"
        raise _unreachable(url, received, NoAnswerInTimeError) from error
    except httpx.RequestError as error:
        raise _unreachable(url, _why_unreachable(url, error)) from error


def _not_v1(url: str, received: str) -> PermanentError:
    return PermanentError(
        f"an answer in the V1 protocol from {url}",
        received,
        f"check that {spell('endpoint')} is a predictor's address",
    )


def _why_unreachable(url: str, error: httpx.RequestError) -> str:
    """Describe the cause; a library's message starts with a number."""
    cause = next((one for one in _causes(error) if isinstance(one, OSError) and one.errno), None)
    if cause is not None and cause.errno == errno.ECONNREFUSED:
        return "no server listening there"
    if isinstance(cause, socket.gaierror):
        return f"no such host ({urlsplit(url).hostname})"
    return describe_cause(cause or error)


def _unreachable(
    url: str, received: str, kind: type[TransientError] = TransientError
) -> TransientError:
    parts = urlsplit(url)
    address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"  # without a password
    return kind(
        f"a predictor at {address}",
        received,
        f"start one with `viewfinder serve MODEL`, correct {spell('endpoint')}, or for one in a "
        "cluster use `kubectl port-forward`",
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def describe_cause(error: BaseException) -> str:
    """Return an error in words, without its number."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def need_answer(answer: httpx.Response) -> httpx.Response:
    """Return an answer that is no refusal.

    Raises:
        PermanentError: The server refused the request.
        TransientError: The server failed, or is busy.
    """
    if answer.is_success:
        return answer
    received = f"HTTP {answer.status_code}: {reason_of(answer)}"
    if answer.url.path.endswith(":explain") and answer.status_code in _WITHOUT_EXPLANATIONS:
        raise PermanentError(
            f"a predictor that explains its answers at {answer.url}", received, _EXPLAINING
        )
    if answer.status_code >= 500 or answer.status_code in _TEMPORARY:
        remedy = "try again, and see the server's log"
        raise TransientError(f"an answer from {answer.url}", received, remedy)
    if answer.is_redirect:
        raise PermanentError(
            f"an answer from {answer.url}",
            f"HTTP {answer.status_code}: a redirection to {answer.headers.get('location')}",
            f"correct {spell('endpoint')}: name the predictor's own address",
        )
    raise PermanentError(
        f"{answer.url} to accept the request", received, "fix what the server reports"
    )


def reason_of(answer: httpx.Response) -> str:
    """Return a server's reason for a refusal: KServe's protocol has it under `error`."""
    try:
        reason = answer.json()["error"]
    except MALFORMED:
        reason = answer.text
    # JSON may have halves of characters, which cannot be written.
    return str(reason)[:_LONGEST_REASON].encode("utf-8", "replace").decode()


@contextmanager
def understood(url: str) -> Iterator[None]:
    """Explain an answer from a URL that the block cannot read.

    Raises:
        PermanentError: It is not in the V1 protocol.
    """
    try:
        yield
    except MALFORMED as error:
        kind = "" if type(error) is ValueError else f"{type(error).__name__}: "
        raise _not_v1(url, f"something else ({kind}{str(error)[:_LONGEST_REASON]})") from error
