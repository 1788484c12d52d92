"""Ask a running predictor about the sample photos: the same answers, and how fast."""

import base64
import itertools
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np

from viewfinder_components.checking.samples import Sample

_TIMEOUT_SECONDS = 60.0
_TOO_LARGE = 413


@dataclass(frozen=True)
class Parity:
    """How the predictor's answers compare with the evaluation's outputs.

    Attributes:
        compared: How many photos were answered and compared.
        too_large: Photos above the predictor's own limits, by URI; they are not compared.
        failures: A sentence for each photo that was not answered as the contract says.
        max_difference: Largest difference of a probability; 0 where nothing was compared.
        other_labels: Photos with another label than the evaluation's, by URI.
        labels: The labels in the predictor's order; empty where nothing was answered.
    """

    compared: int
    too_large: tuple[str, ...]
    failures: tuple[str, ...]
    max_difference: float
    other_labels: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Latency:
    """Milliseconds from sending a request to having its answer, one client, one photo each."""

    milliseconds: tuple[float, ...]
    """Every request's, in order."""

    def percentile(self, share: float) -> float:
        """Return the latency that `share` percent of the requests did not exceed."""
        # "higher" is a latency that was really seen: no interpolation towards a better one.
        return float(np.percentile(self.milliseconds, share, method="higher"))

    def summary(self) -> dict[str, Any]:
        """Return the numbers for the verdict, raw ones included."""
        return {
            "requests": len(self.milliseconds),
            **{f"p{share}_ms": round(self.percentile(share), 3) for share in (50, 90, 99)},
            "mean_ms": round(float(np.mean(self.milliseconds)), 3),
            "samples_ms": [round(value, 3) for value in self.milliseconds],
        }


def encode_request(content: bytes) -> bytes:
    """Return the body of a V1 request for one photo."""
    return json.dumps({"instances": [{"b64": base64.b64encode(content).decode()}]}).encode()


def compare_answers(
    client: httpx.Client, path: str, photos: Sequence[Sample], tolerance: float
) -> Parity:
    """Send every photo once and compare.

    A photo keeps its label when the evaluation's probability of the answered one is within
    `tolerance` of its best: two labels that near to each other are equal within the tolerance.

    Args:
        client: With the predictor's base URL.
        path: The predict URL's path.
        photos: The samples, whose labels are in the order of `labels` that are answered.
        tolerance: Largest difference of a probability that counts as equal.
    """
    too_large, failures, other_labels = [], [], []
    differences: list[float] = []
    labels: tuple[str, ...] = ()
    for photo in photos:
        answer = _post(client, path, encode_request(photo.content))
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
        if stored.max() - stored[labels.index(values["label"])] > tolerance:
            other_labels.append(photo.uri)
    return Parity(
        len(differences),
        tuple(too_large),
        tuple(failures),
        max(differences, default=0.0),
        tuple(other_labels),
        labels,
    )


def _post(client: httpx.Client, path: str, body: bytes) -> httpx.Response | str:
    """Return the answer, or why there was none."""
    headers = {"content-type": "application/json"}
    try:
        return client.post(path, content=body, headers=headers, timeout=_TIMEOUT_SECONDS)
    except httpx.TransportError as error:
        return f"{type(error).__name__}: {error}"


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
        raise ValueError(f"an answer out of contract: {answer.text[:200]}") from error
    return dict(prediction)


def measure_latency(
    client: httpx.Client, path: str, photos: Sequence[Sample], requests: int
) -> Latency:
    """Send one request after the other, taking the photos in turn.

    Args:
        client: With the predictor's base URL.
        path: The predict URL's path.
        photos: Photos that the predictor takes.
        requests: How many to send.

    Raises:
        httpx.HTTPError: A request was not answered with 200.
    """
    bodies = [encode_request(photo.content) for photo in photos]
    headers = {"content-type": "application/json"}
    milliseconds = []
    for body in itertools.islice(itertools.cycle(bodies), requests):
        started = time.perf_counter()
        answer = client.post(path, content=body, headers=headers, timeout=_TIMEOUT_SECONDS)
        milliseconds.append(1e3 * (time.perf_counter() - started))
        answer.raise_for_status()
    return Latency(tuple(milliseconds))
