"""Prove that a version serves: it reports its number, and answers as the evaluation did."""

from dataclasses import dataclass

import httpx

from viewfinder_components.deployment.answers import (
    find_tolerance,
    need_answers,
    need_version,
)
from viewfinder_components.deployment.retrying import retried
from viewfinder_components.deployment.target import Rollout
from viewfinder_components.errors import TransientError
from viewfinder_components.formats.samples import Samples
from viewfinder_components.parity import Parity
from viewfinder_components.timing import Stopwatch


@dataclass(frozen=True)
class Proof:
    """Evidence that a version answers."""

    endpoint: str
    """The service's URL."""
    parity: Parity | None
    """None if answers are not compared."""
    first_answer_seconds: float
    """Seconds until the service reported its version; 0 if it cannot be asked for it."""


def prove(rollout: Rollout, samples: Samples | None, watch: Stopwatch) -> Proof:
    """Wait until a version serves, and send the service the test photos.

    Args:
        rollout: What was applied.
        samples: The photos; None if answers are not compared.
        watch: Records the seconds of the phases `rollout` and `answers`.

    Raises:
        PermanentError: The version will not serve, or its answers differ.
        TransientError: It did not serve in time, or photos got no answer.
    """
    config, first = rollout.config, 0.0
    with watch.phase("rollout"):
        rollout.wait()
    with watch.phase("answers"), retried(rollout.find_route, rollout.deadline) as route:
        if rollout.reports_version:
            first = need_version(route, config.version_number, rollout.deadline)
        if samples is None:
            return Proof(route.endpoint, None, first)
        try:
            tolerance = find_tolerance(route, config.tolerance)
            parity = need_answers(route, samples, tolerance)
        except httpx.HTTPError as error:
            raise TransientError(
                "answers to the test photos",
                f"{type(error).__name__}: {error}",
                "try again",
            ) from error
    return Proof(route.endpoint, parity, first)
