"""Compare a predictor's answers with the evaluation's outputs."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np

from viewfinder_components.formats.samples import Sample

Ask = Callable[[bytes], httpx.Response | str]

_TIMEOUT_SECONDS = 60.0
_TOO_LARGE = 413


@dataclass(frozen=True)
class Parity:
    """How the predictor's answers compare with the evaluation's outputs.

    Attributes:
        compared: How many photos were answered and compared.
        too_large: Photos above the predictor's own limits, by URI; they are not compared.
        failures: A sentence for each photo that was not answered according to the contract.
        max_difference: Largest difference of a probability; 0 if nothing was compared.
        other_labels: Photos with a label other than the evaluation's, by URI.
        labels: The labels in the predictor's order; empty if nothing was answered.
    """

    compared: int
    too_large: tuple[str, ...]
    failures: tuple[str, ...]
    max_difference: float
    other_labels: tuple[str, ...]
    labels: tuple[str, ...]


def encode_request(content: bytes) -> bytes:
    """Return the body of a V1 request for one photo."""
    return json.dumps({"instances": [{"b64": base64.b64encode(content).decode()}]}).encode()


def compare_answers(
    client: httpx.Client, path: str, photos: Sequence[Sample], tolerance: float
) -> Parity:
    """Compare as `compare_photos` does; a photo that gets no answer counts as a failure.

    Args:
        client: With the predictor's base URL.
        path: The predict URL's path.
        photos: As for `compare_photos`.
        tolerance: As for `compare_photos`.
    """

    def ask(body: bytes) -> httpx.Response | str:
        headers = {"content-type": "application/json"}
        try:
            return client.post(path, content=body, headers=headers, timeout=_TIMEOUT_SECONDS)
        except httpx.TransportError as error:
            return f"{type(error).__name__}: {error}"

    return compare_photos(ask, photos, tolerance)


def compare_photos(ask: Ask, photos: Sequence[Sample], tolerance: float) -> Parity:
    """Send every photo once and compare.

    A photo keeps its label if the evaluation's probability for the returned label is within twice
    `tolerance` of its best: if the best falls by the tolerance and the other rises by it, the label
    changes although every probability counts as equal.

    Args:
        ask: Sends the body of a V1 request; returns the answer, or why there was none.
        photos: The samples, whose labels are in the order of the predictor's `labels`.
        tolerance: Largest difference of a probability that counts as equal.
    """
    too_large, failures, other_labels = [], [], []
    differences: list[float] = []
    labels: tuple[str, ...] = ()
    for photo in photos:
        answer = ask(encode_request(photo.content))
        if isinstance(answer, httpx.Response) and answer.status_code == _TOO_LARGE:
            too_large.append(photo.uri)
            continue
        try:
            values = _read_prediction(answer)
        except ValueError as error:
            failures.append(f"{photo.uri}: {error}")
            continue
        labels = tuple(values["labels"])
        found = np.array(values["probabilities"], np.float64)
        if found.shape != (len(photo.probabilities),):
            failures.append(f"{photo.uri}: {len(found)} probabilities")
            continue
        stored = np.array(photo.probabilities)
        differences.append(float(np.abs(found - stored).max()))
        if stored.max() - stored[labels.index(values["label"])] > 2 * tolerance:
            other_labels.append(photo.uri)
    return Parity(
        len(differences),
        tuple(too_large),
        tuple(failures),
        max(differences, default=0.0),
        tuple(other_labels),
        labels,
    )


def _read_prediction(answer: httpx.Response | str) -> dict[str, Any]:
    if isinstance(answer, str):
        raise ValueError(answer)
    if answer.status_code != httpx.codes.OK:
        raise ValueError(f"HTTP {answer.status_code}: {answer.text[:300]}")
    try:
        prediction = answer.json()["predictions"][0]
        if prediction["label"] not in prediction["labels"]:
            raise ValueError(f"the label {prediction['label']!r} is not among its labels")
        np.array(prediction["probabilities"], np.float64)
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError(f"an answer that breaks the contract: {answer.text[:200]}") from error
    return dict(prediction)
