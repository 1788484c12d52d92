"""Send photos to a served model, as any other client does."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from viewfinder_client.answers import Prediction, Unanswered
from viewfinder_client.client import Client
from viewfinder_client.connection import connected
from viewfinder_client.endpoint import Endpoint
from viewfinder_client.errors import UnansweredError
from viewfinder_client.photo_file import UnreadableError, read_photo
from viewfinder_client.v1_client import V1Client
from viewfinder_client.v1_failures import find_refusal

_SECONDS = 60.0  # for each photo
_RETRIES = 4

Answer = TypeVar("Answer")


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
    Endpoint.read(endpoint, model)  # before anything is sent
    return _predict(photos, endpoint, model)


def _predict(
    photos: Sequence[str | Path], endpoint: str, model: str | None
) -> Iterator[Prediction | Unanswered]:
    with Client(endpoint, model=model, seconds=_SECONDS, retries=_RETRIES) as client:
        for photo in photos:
            try:
                yield client.classify(photo)
            except UnansweredError as error:
                yield Unanswered(str(photo), error.reason)


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


def _ask(
    client: V1Client, verb: str, photo: str | Path, read: Callable[[str, Any], Answer]
) -> Answer | Unanswered:
    try:
        content = read_photo(photo)
    except UnreadableError as error:
        return Unanswered(str(photo), str(error))
    answer = client.ask(verb, content)
    if refusal := find_refusal(answer):
        return Unanswered(str(photo), refusal)
    return client.read(answer, partial(read, str(photo)))
