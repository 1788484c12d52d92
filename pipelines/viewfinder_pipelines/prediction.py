"""Ask a served model about photos, as any client would."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from viewfinder_components.errors import PermanentError, TransientError

_TIMEOUT_SECONDS = 60.0


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


def predict_photos(
    photos: Sequence[Path], endpoint: str, model: str | None = None
) -> list[Prediction]:
    """Send photos to a V1 endpoint, one request each.

    Args:
        photos: JPEG or PNG files.
        endpoint: Base URL of a predictor, or the full `.../v1/models/NAME:predict`.
        model: The model's name; asked of the server when None.

    Raises:
        PermanentError: A file cannot be read, or the server refuses the request.
        TransientError: The server cannot be reached, or is overloaded.
    """
    with httpx.Client(timeout=_TIMEOUT_SECONDS) as client:
        url = _find_url(client, endpoint.rstrip("/"), model)
        return [_predict(client, url, photo) for photo in photos]


def _find_url(client: httpx.Client, endpoint: str, model: str | None) -> str:
    if endpoint.endswith(":predict"):
        return endpoint
    if model is None:
        names = _request(client, "GET", f"{endpoint}/v1/models").json().get("models", [])
        if len(names) != 1:
            raise PermanentError(
                f"one model at {endpoint}",
                ", ".join(map(str, names)) or "none",
                "name one with --model",
            )
        model = names[0]
    return f"{endpoint}/v1/models/{model}:predict"


def _predict(client: httpx.Client, url: str, photo: Path) -> Prediction:
    try:
        encoded = base64.b64encode(photo.read_bytes()).decode()
    except OSError as error:
        raise PermanentError(
            "a photo that can be read", f"{photo}: {error.strerror}", "name a photo"
        ) from error
    answer = _request(client, "POST", url, {"instances": [{"b64": encoded}]})
    values = answer.json()["predictions"][0]
    ranked = sorted(
        zip(values["labels"], values["probabilities"], strict=True), key=lambda pair: -pair[1]
    )
    return Prediction(str(photo), values["label"], dict(ranked))


def _request(
    client: httpx.Client, method: str, url: str, body: object | None = None
) -> httpx.Response:
    try:
        answer = client.request(method, url, json=body)
    except httpx.TransportError as error:
        raise TransientError(
            f"a predictor at {url}",
            str(error) or type(error).__name__,
            "start one with `viewfinder serve`, check the address, or for one in a cluster "
            "use `kubectl port-forward`",
        ) from error
    if answer.status_code >= 500:
        raise TransientError(
            f"an answer from {url}",
            f"HTTP {answer.status_code}: {answer.text[:300]}",
            "try again, and look at the server's log",
        )
    if answer.is_error:
        raise PermanentError(
            f"{url} to accept the request",
            f"HTTP {answer.status_code}: {answer.text[:300]}",
            "correct what the server names",
        )
    return answer
