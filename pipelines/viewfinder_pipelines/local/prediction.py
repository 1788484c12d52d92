"""Send photos to a served model, as any other client does."""

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from viewfinder_client.connection import connected
from viewfinder_client.endpoint import Endpoint
from viewfinder_client.v1_answers import read_classification
from viewfinder_client.v1_client import V1Client
from viewfinder_client.v1_failures import describe_cause, find_refusal
from viewfinder_components.photos.photo_error import PhotoError, refuse_too_large
from viewfinder_components.photos.uri import name_to_uri, scheme_of, uri_to_path

_LARGEST_FILE = 1 << 27  # bytes: 8 times what a predictor takes by default
_UNREADABLE = {
    errno.ENOENT: "there is no such file",
    errno.EISDIR: "it is a folder; name the photos in it",
    errno.EACCES: "you have no permission to read it",
}

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Prediction:
    """The model's answer about one photo.

    Attributes:
        photo: The photo's path or URI.
        label: The most probable label.
        probabilities: Every label's probability, highest first.
    """

    photo: str
    label: str
    probabilities: dict[str, float] = field(hash=False)


@dataclass(frozen=True)
class Unanswered:
    """A photo that the server did not classify.

    Attributes:
        photo: The photo's path or URI.
        error: Why.
    """

    photo: str
    error: str


def predict_photos(
    photos: Sequence[str | Path], endpoint: str, model: str | None = None
) -> Iterator[Prediction | Unanswered]:
    """Send photos to a V1 endpoint, one per request; a refused one does not stop the others.

    Args:
        photos: The files' paths, or URIs as in the list of a run's photos.
        endpoint: Base URL of a predictor, or a model's URL.
        model: The model's name; if None, the server is asked for it.

    Returns:
        An iterator over the results, one for each photo, in order.

    Raises:
        UsageError: The endpoint is no URL.
        PermanentError: The server does not know the model, denies access, or is not a
            predictor.
        TransientError: The server cannot be reached, fails, or stays busy.
    """
    return ask_about_photos(photos, Endpoint.read(endpoint, model), ":predict", _read_prediction)


def ask_about_photos(
    photos: Sequence[str | Path],
    endpoint: Endpoint,
    verb: str,
    read: Callable[[str, Any], Answer],
) -> Iterator[Answer | Unanswered]:
    """Send photos to a verb of a V1 endpoint, as `predict_photos` does to `:predict`.

    Args:
        photos: As for `predict_photos`.
        endpoint: Where the model is.
        verb: Such as `:predict`.
        read: Makes an answer of a photo's path and the server's JSON.

    Yields:
        What came of each photo, in order.

    Raises:
        PermanentError: As for `predict_photos`.
        TransientError: As for `predict_photos`.
    """
    with connected(endpoint.address) as connection:
        client = V1Client(connection, endpoint)
        for photo in photos:
            yield _ask(client, verb, photo, read)


def _read_prediction(photo: str, answer: Any) -> Prediction:
    label, labels, probabilities = read_classification(answer)
    ranked = sorted(zip(labels, probabilities, strict=True), key=lambda pair: -pair[1])
    return Prediction(photo, label, dict(ranked))


def _read_photo(photo: str | Path) -> bytes:
    """Read a file by its path, or by a URI.

    Raises:
        OSError: The file cannot be read.
        ValueError: The path is none, such as one with a null byte.
        PhotoError: What the URI names cannot be read, or the file is too large to be sent.
    """
    uri = name_to_uri(photo)
    if scheme_of(uri):
        from viewfinder_components.photos.read import read_bytes  # slow to import

        return read_bytes(uri, _LARGEST_FILE)
    with Path(uri_to_path(uri)).open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        refuse_too_large(size, _LARGEST_FILE)
        content = file.read() if size else file.read(_LARGEST_FILE + 1)  # a pipe has no size
    refuse_too_large(len(content), _LARGEST_FILE)
    return content


def _ask(
    client: V1Client, verb: str, photo: str | Path, read: Callable[[str, Any], Answer]
) -> Answer | Unanswered:
    try:
        content = _read_photo(photo)
    except PhotoError as error:
        return Unanswered(str(photo), error.sentence)
    except (OSError, ValueError) as error:
        return Unanswered(str(photo), _unreadable(error))
    if not content:
        return Unanswered(str(photo), "the file is empty")
    answer = client.ask(verb, content)
    if refusal := find_refusal(answer):
        return Unanswered(str(photo), refusal)
    return client.read(answer, partial(read, str(photo)))


def _unreadable(error: OSError | ValueError) -> str:
    number = error.errno if isinstance(error, OSError) else None
    return _UNREADABLE.get(number or 0) or f"it cannot be read ({describe_cause(error)})"
