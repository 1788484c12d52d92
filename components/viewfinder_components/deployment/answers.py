"""Query the service with real test photos: the new version, with the evaluation's answers?"""

import time

import httpx

from viewfinder_components.bearer_token import ADVICE
from viewfinder_components.deployment.route import Route
from viewfinder_components.errors import PermanentError, TransientError
from viewfinder_components.formats.samples import Samples
from viewfinder_components.parity import Parity, compare_answers
from viewfinder_components.reports.formatting import plural

# Routes through a service change within a second or two of the pods behind it, and within half a
# minute after an API server outage; this many answers in a row, each on its own connection,
# show that they have changed.
_IN_A_ROW = 3
_SETTLE_SECONDS = 60.0
_TRIES = 3


def need_version(route: Route, version: int, deadline: float) -> float:
    """Wait until the service answers with a version, and with no other.

    Args:
        route: How to reach it.
        version: The version's number.
        deadline: On the monotonic clock, in seconds.

    Returns:
        The seconds until its first answer, which include the start of a pod where there was none.

    Raises:
        TransientError: It still answers with another version, or not at all.
    """
    started = time.monotonic()
    deadline = min(deadline, started + _SETTLE_SECONDS + route.ask_seconds)
    right, first = 0, 0.0
    while right < _IN_A_ROW:
        found = _ask_version(route)
        right = right + 1 if found == str(version) else 0
        first = first or (time.monotonic() - started if right else 0.0)
        if not right:
            if time.monotonic() >= deadline:
                raise TransientError(
                    f"version {version} from the service {route.name}",
                    found,
                    route.if_others_answer,
                )
            time.sleep(0.3)
    return first


def find_tolerance(route: Route, least: float) -> float:
    """Return the largest difference of a probability that counts as equal.

    Each precision has its own, which check measured and the version's manifest has. The predictor
    tells it with the precision that it serves on its processor.

    Args:
        route: How to reach the service.
        least: The setting, which applies to f32 and to other servers.

    Raises:
        TransientError: The service does not describe the model, even after several attempts.
        httpx.HTTPError: It cannot be reached.
    """
    for _ in range(_TRIES):
        answer = route.client.get(f"/v2/models/{route.name}", timeout=route.ask_seconds)
        if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
            break
        time.sleep(1)
    else:
        raise TransientError(
            f"a description of the model by the service {route.name}",
            f"HTTP {answer.status_code}",
            "try again, or see the predictor's log",
        )
    try:
        return max(least, float(answer.json()["properties"]["precision_tolerance"]))
    except (ValueError, RecursionError, LookupError, TypeError):
        return least  # TensorFlow Serving, or an earlier predictor


def need_answers(route: Route, samples: Samples, tolerance: float) -> Parity:
    """Send the sample photos and compare the answers with the evaluation's.

    Args:
        route: How to reach the service.
        samples: The photos and their probabilities.
        tolerance: Largest allowed difference of a probability, 0 to 1.

    Raises:
        PermanentError: The answers differ.
        TransientError: Some photos got no answer, even after several attempts.
    """
    for _ in range(_TRIES):
        parity = compare_answers(route.client, route.predict_path, samples.photos, tolerance)
        if not parity.failures:
            break
        time.sleep(1)
    else:
        raise TransientError(
            f"answers to {plural(len(samples.photos), 'test photo')}",
            f"{len(parity.failures)} failures: {'; '.join(parity.failures[:3])}",
            "see the predictor's log, and try again",
        )
    problem = _find_difference(parity, samples, tolerance)
    if problem:
        raise PermanentError(
            "the service to answer the test photos as the evaluation did",
            problem,
            "check whether this evaluation and this version come from the same run",
        )
    return parity


def _find_difference(parity: Parity, samples: Samples, tolerance: float) -> str:
    if not parity.compared:
        return "only photos above the predictor's limits, so that none could be compared"
    if parity.labels != samples.labels:
        return f"the labels {list(parity.labels)} instead of {list(samples.labels)}"
    if parity.max_difference > tolerance:
        return (
            f"probabilities that differ by up to {parity.max_difference:.4g}, with a tolerance of "
            f"{tolerance:g}, on {plural(parity.compared, 'photo')}"
        )
    if parity.other_labels:
        return f"different labels for {', '.join(parity.other_labels[:3])}"
    return ""


def _ask_version(route: Route) -> str:
    """Return the version that the service reports, or why it reports none."""
    try:
        answer = route.client.get(f"/v2/models/{route.name}", timeout=route.ask_seconds)
        if answer.status_code == httpx.codes.NOT_FOUND:  # TensorFlow Serving only knows V1
            answer = route.client.get(f"/v1/models/{route.name}", timeout=route.ask_seconds)
    except httpx.TransportError as error:
        return f"{type(error).__name__}: {error}"
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        raise PermanentError(
            f"the service {route.name} to accept the request",
            f"HTTP 401: {answer.text[:300]}",
            ADVICE,
        )
    if answer.status_code == httpx.codes.FORBIDDEN:
        raise PermanentError(
            f"permission to query the service {route.name}",
            f"HTTP 403: {answer.text[:300]}",
            route.if_forbidden,
        )
    if answer.status_code != httpx.codes.OK:
        return f"HTTP {answer.status_code}: {answer.text[:200]}"
    return _read_version(answer) or f"no version: {answer.text[:200]}"


def _read_version(answer: httpx.Response) -> str:
    try:
        record = answer.json()
        if "model_version_status" in record:
            return str(record["model_version_status"][0]["version"])
        return str(record["versions"][0])
    except (ValueError, RecursionError, LookupError, TypeError):
        return ""
