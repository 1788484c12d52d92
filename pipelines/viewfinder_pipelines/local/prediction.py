"""Ask a served model about photos, as any client would."""

import base64
import errno
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from viewfinder_components.errors import PermanentError, TransientError, UsageError

_TIMEOUT_SECONDS = 60.0
_LONGEST_REASON = 300
_NOT_FOUND = 404
_REACH = (
    "start one with `viewfinder serve MODEL`, correct --endpoint, or for one in a cluster use "
    "`kubectl port-forward`"
)
_UNREADABLE = {
    errno.ENOENT: "there is no such file",
    errno.EISDIR: "it is a folder; name the photos in it",
    errno.EACCES: "you have no permission to read it",
}
_NOT_THE_PHOTO = (401, 403, 404, 405)  # the next photo would be refused as well


@dataclass(frozen=True)
class Prediction:
    """What the model says about one photo.

    Attributes:
        photo: The photo's path.
        label: The most probable label.
        probabilities: Every label's probability, the most probable first.
    """

    photo: str
    label: str
    probabilities: dict[str, float]


@dataclass(frozen=True)
class Unanswered:
    """A photo about which the server said nothing.

    Attributes:
        photo: The photo's path.
        error: Why.
    """

    photo: str
    error: str


def predict_photos(
    photos: Sequence[Path], endpoint: str, model: str | None = None
) -> Iterator[Prediction | Unanswered]:
    """Send photos to a V1 endpoint, one request each; one that is refused does not stop the rest.

    Args:
        photos: The files.
        endpoint: Base URL of a predictor, or the full `.../v1/models/NAME:predict`.
        model: The model's name; asked of the server when None.

    Yields:
        What came of each photo, in order.

    Raises:
        PermanentError: The server does not know the model or does not let us in, or is no
            predictor.
        TransientError: The server cannot be reached.
    """
    with httpx.Client(timeout=_TIMEOUT_SECONDS) as client:
        url = _find_url(client, endpoint.rstrip("/"), model)
        for photo in photos:
            yield _predict(client, url, photo)


def _need_model(client: httpx.Client, url: str) -> None:
    """Refuse a model that the server does not have, and name those that it has."""
    endpoint, _, name = url.removesuffix(":predict").rpartition("/v1/models/")
    if endpoint and name not in (names := _list_models(client, endpoint)):
        raise _unknown_model(f"a model {name}", endpoint, names)


def _find_url(client: httpx.Client, endpoint: str, model: str | None) -> str:
    if not endpoint.startswith(("http://", "https://")) or endpoint.endswith(":/"):
        raise UsageError(
            "--endpoint to be the URL of a predictor, with http:// or https://",
            repr(endpoint),
            f"write --endpoint http://{endpoint.partition('://')[2] or _host(endpoint)}",
        )
    if endpoint.endswith(":predict"):
        return endpoint
    if model is None:
        names = _list_models(client, endpoint)
        if len(names) != 1:
            raise _unknown_model("one model", endpoint, names)
        model = names[0]
    return f"{endpoint}/v1/models/{model}:predict"


def _host(endpoint: str) -> str:
    """Return what may be meant as host and port, where no scheme is before it."""
    return (
        endpoint if "://" not in endpoint and not endpoint.startswith("http:") else "127.0.0.1:8080"
    )


def _unknown_model(wanted: str, endpoint: str, names: Sequence[str]) -> PermanentError:
    return PermanentError(
        f"{wanted} at {endpoint}",
        f"a server of {', '.join(names)}" if names else "a server without models",
        "name one of those with --model" if names else "look at the server's log",
    )


def _list_models(client: httpx.Client, endpoint: str) -> list[str]:
    url = f"{endpoint}/v1/models"
    answer = _need_answer(_request(client, "GET", url))
    with _understood(url):
        names = answer.json()["models"]
        return [str(name) for name in names]


def _predict(client: httpx.Client, url: str, photo: Path) -> Prediction | Unanswered:
    try:
        content = photo.read_bytes()
    except OSError as error:
        return Unanswered(str(photo), _unreadable(error))
    if not content:
        return Unanswered(str(photo), "the file is empty")
    encoded = base64.b64encode(content).decode()
    answer = _request(client, "POST", url, {"instances": [{"b64": encoded}]})
    if answer.is_error and answer.status_code not in _NOT_THE_PHOTO:
        refusal = f"the server refused it (HTTP {answer.status_code}): {_reason(answer)}"
        return Unanswered(str(photo), refusal)
    if answer.status_code == _NOT_FOUND:
        _need_model(client, url)
    answer = _need_answer(answer)
    with _understood(url):
        values = answer.json()["predictions"][0]
        pairs = zip(values["labels"], values["probabilities"], strict=True)
        ranked = sorted(pairs, key=lambda pair: -pair[1])
        return Prediction(str(photo), values["label"], dict(ranked))


def _request(
    client: httpx.Client, method: str, url: str, body: object | None = None
) -> httpx.Response:
    try:
        _ = urlsplit(url).port  # httpx takes 999999 for another port
        return client.request(method, url, json=body)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError) as error:
        raise UsageError(
            "--endpoint to be the URL of a predictor, such as http://127.0.0.1:8080",
            f"{url!r} ({error})",
            "write --endpoint http://127.0.0.1:8080, or another host and port",
        ) from error
    except httpx.DecodingError as error:
        raise PermanentError(
            f"an answer in the V1 protocol from {url}",
            f"one that cannot be decompressed ({error})",
            "check that --endpoint is a predictor's address",
        ) from error
    except httpx.RequestError as error:
        raise _unreachable(url, error) from error


def _unreadable(error: OSError) -> str:
    return _UNREADABLE.get(error.errno or 0) or f"it cannot be read ({_say(error)})"


def _unreachable(url: str, error: httpx.RequestError) -> TransientError:
    """Say in words why a server cannot be reached; a library's words begin with a number."""
    parts = urlsplit(url)
    address = f"{parts.scheme}://{parts.netloc}"
    cause = next((one for one in _causes(error) if isinstance(one, OSError) and one.errno), None)
    if cause is not None and cause.errno == errno.ECONNREFUSED:
        received = "nothing that listens there"
    elif isinstance(cause, socket.gaierror):
        received = f"no such host ({parts.hostname})"
    elif isinstance(error, httpx.TimeoutException):
        received = f"no answer within {_TIMEOUT_SECONDS:g} s"
    else:
        received = _say(cause or error)
    return TransientError(f"a predictor at {address}", received, _REACH)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _say(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _need_answer(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    received = f"HTTP {answer.status_code}: {_reason(answer)}"
    if answer.status_code >= 500:
        remedy = "try again, and look at the server's log"
        raise TransientError(f"an answer from {answer.url}", received, remedy)
    raise PermanentError(
        f"{answer.url} to accept the request", received, "correct what the server names"
    )


def _reason(answer: httpx.Response) -> str:
    """Return what a server says about a refusal: KServe's protocol has it under `error`."""
    try:
        reason = answer.json()["error"]
    except (ValueError, LookupError, TypeError):
        reason = answer.text
    return str(reason)[:_LONGEST_REASON]


@contextmanager
def _understood(url: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise PermanentError(
            f"an answer in the V1 protocol from {url}",
            f"something else ({type(error).__name__}: {error})",
            "check that --endpoint is a predictor's address",
        ) from error
