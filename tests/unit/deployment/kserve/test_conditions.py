"""What users read of conditions that are not true yet."""

from typing import Any

import pytest

from viewfinder_components.deployment.kserve.observation.conditions import (
    describe_revision,
    describe_service,
)

DEPLOYING = {"type": "ResourcesAvailable", "status": "Unknown", "reason": "Deploying"}
BUFFERED = {
    "type": "Active",
    "status": "Unknown",
    "reason": "Queued",
    "message": "Requests to the target are being buffered as resources are provisioned.",
}
PROBED = {
    "type": "ContainerHealthy",
    "status": "Unknown",
    "message": "Container failed with: no model.",
}


def with_conditions(*conditions: dict[str, Any]) -> dict[str, Any]:
    return {"status": {"conditions": list(conditions)}}


@pytest.mark.parametrize(
    ("conditions", "sentence"),
    [
        ((), "its pods are starting"),
        ((BUFFERED, DEPLOYING, DEPLOYING | {"type": "Ready"}), "its pods are starting"),
        ((DEPLOYING | {"reason": "ResolvingDigests"},),
         "Knative is looking up the image's digest in its registry"),
        ((DEPLOYING | {"reason": "SomethingNew"},), "SomethingNew"),
        ((PROBED, PROBED | {"type": "Ready"}), "Container failed with: no model"),
    ],
)  # fmt: skip
def test_a_revision(conditions: tuple[dict[str, Any], ...], sentence: str) -> None:
    assert describe_revision(with_conditions(*conditions)) == sentence


NOT_READY = {"type": "Ready", "status": "False", "reason": "MinimumReplicasUnavailable"}
STOPPED = {"type": "Stopped", "status": "False"}


@pytest.mark.parametrize(
    ("conditions", "sentence"),
    [
        ((), "it has no conditions yet"),
        ((NOT_READY,), "it is not ready (too few pods are ready)"),
        ((NOT_READY, NOT_READY | {"type": "PredictorReady"}, STOPPED),
         "the predictor is not ready (too few pods are ready)"),
        (({"type": "IngressReady", "status": "Unknown"}, NOT_READY | {"status": "True"}),
         "no address leads to it yet"),
        (({"type": "New", "status": "False", "message": "It broke."},), "New is False (It broke.)"),
    ],
)  # fmt: skip
def test_a_service(conditions: tuple[dict[str, Any], ...], sentence: str) -> None:
    assert describe_service(with_conditions(*conditions)) == sentence
