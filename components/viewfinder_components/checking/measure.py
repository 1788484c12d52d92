"""Ask a running predictor about the sample photos: the same answers, and how fast."""

import base64
import itertools
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np

from viewfinder_components.checking.conversation import Conversation, NoAnswerError
from viewfinder_components.checking.processor import Spent
from viewfinder_components.checking.samples import Sample

Ask = Callable[[bytes], httpx.Response | str]

_TIMEOUT_SECONDS = 60.0
_TOO_LARGE = 413
# From this share of the time on that was spent waiting for a processor, the node is busy.
_BUSY_SHARE = 0.2


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
    """From sending a request to having its answer, one client, one photo each.

    Attributes:
        wall_ms: Every request's milliseconds by the clock, in order.
        own_ms: The same, without the time spent waiting for a processor: what the model and the
            predictor need, whatever else the node does.
        cpu_ms: Every request's processor time, of all threads.
        spent: What all of them took of the processors.
    """

    wall_ms: tuple[float, ...]
    own_ms: tuple[float, ...]
    cpu_ms: tuple[float, ...]
    spent: Spent

    def percentile(self, share: float) -> float:
        """Return the own latency that `share` percent of the requests did not exceed."""
        return _percentile(self.own_ms, share)

    @property
    def waiting_share(self) -> float:
        """Waiting for a processor, as a share of the clock's time; several threads may wait."""
        return self.spent.waiting_seconds / max(1e-3 * sum(self.wall_ms), 1e-9)

    def is_excused(self, share: float, limit: float) -> bool:
        """Whether the node was so busy that a percentile above its limit says nothing.

        Args:
            share: The percentile, 0 to 100.
            limit: Its limit, in milliseconds.
        """
        cores = len(os.sched_getaffinity(0))
        if _percentile(self.cpu_ms, share) / cores > limit:  # the work alone takes too long
            return False
        if self.spent.waiting_seconds == 0:  # a kernel that does not say
            return os.getloadavg()[0] > cores
        return self.waiting_share > _BUSY_SHARE

    def summary(self) -> dict[str, Any]:
        """Return the numbers for the verdict, raw ones included."""
        return {
            "requests": len(self.own_ms),
            **{f"p{share}_ms": round(self.percentile(share), 3) for share in (50, 90, 99)},
            **{
                f"p{share}_wall_ms": round(_percentile(self.wall_ms, share), 3)
                for share in (50, 90, 99)
            },
            "mean_ms": round(float(np.mean(self.own_ms)), 3),
            "cpu_seconds": round(self.spent.cpu_seconds, 3),
            "waiting_seconds": round(self.spent.waiting_seconds, 3),
            "samples_ms": [round(value, 3) for value in self.own_ms],
            "samples_wall_ms": [round(value, 3) for value in self.wall_ms],
        }


def _percentile(values: tuple[float, ...], share: float) -> float:
    # "higher" is a latency that was really seen: no interpolation towards a better one.
    return float(np.percentile(values, share, method="higher"))


def encode_request(content: bytes) -> bytes:
    """Return the body of a V1 request for one photo."""
    return json.dumps({"instances": [{"b64": base64.b64encode(content).decode()}]}).encode()


def compare_answers(
    client: httpx.Client, path: str, photos: Sequence[Sample], tolerance: float
) -> Parity:
    """Compare as `compare_photos` does; a photo that gets no answer is a failure among others.

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

    A photo keeps its label when the evaluation's probability of the answered one is within
    `tolerance` of its best: two labels that near to each other are equal within the tolerance.

    Args:
        ask: Sends the body of a V1 request; returns the answer, or why there was none.
        photos: The samples, whose labels are in the order of `labels` that are answered.
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
    conversation: Conversation, path: str, photos: Sequence[Sample], requests: int
) -> Latency:
    """Send one request after the other, taking the photos in turn.

    Args:
        conversation: With the predictor.
        path: The predict URL's path.
        photos: Photos that the predictor takes.
        requests: How many to send.

    Raises:
        NoAnswerError: A request was not answered with 200.
    """
    bodies = [encode_request(photo.content) for photo in photos]
    wall, own, cpu, spent = [], [], [], Spent()
    for body in itertools.islice(itertools.cycle(bodies), requests):
        answer = conversation.post(path, body)
        if answer.response.status_code != httpx.codes.OK:
            received = f"HTTP {answer.response.status_code}: {answer.response.text[:300]}"
            raise NoAnswerError(f"The predictor refused a photo that it took before: {received}")
        wall.append(1e3 * answer.wall_seconds)
        own.append(1e3 * answer.own_seconds)
        cpu.append(1e3 * answer.spent.cpu_seconds)
        spent += answer.spent
    return Latency(tuple(wall), tuple(own), tuple(cpu), spent)
