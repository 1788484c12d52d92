"""Measure how fast a running predictor answers."""

import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np

from viewfinder_components.checking.conversation import Conversation, NoAnswerError
from viewfinder_components.checking.processor import Spent
from viewfinder_components.cores import node_cores, usable_cores
from viewfinder_components.formats.samples import Sample
from viewfinder_components.parity import encode_request

# If at least this share of the time was spent waiting for a processor, the node is busy.
_BUSY_SHARE = 0.2


@dataclass(frozen=True)
class Latency:
    """Time from sending a request to receiving its answer: one client, one photo per request.

    Attributes:
        wall_ms: Every request's wall-clock milliseconds, in order.
        own_ms: The same, without the time spent waiting for a processor: what the model and the
            predictor need, whatever else runs on the node.
        cpu_ms: Every request's processor time, over all threads.
        spent: Processor time and waiting time of all requests together.
    """

    wall_ms: tuple[float, ...]
    own_ms: tuple[float, ...]
    cpu_ms: tuple[float, ...]
    spent: Spent

    def percentile(self, share: float) -> float:
        """Return the `own_ms` that `share` percent of the requests did not exceed."""
        return _percentile(self.own_ms, share)

    @property
    def waiting_share(self) -> float:
        """Time spent waiting for a processor, relative to wall-clock time, over all threads."""
        return self.spent.waiting_seconds / max(1e-3 * sum(self.wall_ms), 1e-9)

    def is_excused(self, share: float, limit: float) -> bool:
        """Whether the node was so busy that a percentile above its limit is meaningless.

        Args:
            share: The percentile, 0 to 100.
            limit: Its limit, in milliseconds.
        """
        least = _percentile(self.cpu_ms, share) / usable_cores()
        if least > limit:  # the work alone takes too long
            return False
        if self.spent.waiting_seconds == 0:  # not reported by this kernel
            return os.getloadavg()[0] > node_cores()
        return self.waiting_share > _BUSY_SHARE

    def summary(self) -> dict[str, Any]:
        """Return the numbers for the verdict, including the raw ones."""
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
    # "higher" is a latency that was actually measured: no interpolation towards a better one.
    return float(np.percentile(values, share, method="higher"))


def measure_latency(
    conversation: Conversation, path: str, photos: Sequence[Sample], requests: int
) -> Latency:
    """Send requests one at a time, cycling through the photos.

    Args:
        conversation: With the predictor.
        path: The predict URL's path.
        photos: Photos that the predictor accepts.
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
            raise NoAnswerError(f"The predictor rejected a photo it accepted before: {received}")
        wall.append(1e3 * answer.wall_seconds)
        own.append(1e3 * answer.own_seconds)
        cpu.append(1e3 * answer.spent.cpu_seconds)
        spent += answer.spent
    return Latency(tuple(wall), tuple(own), tuple(cpu), spent)
