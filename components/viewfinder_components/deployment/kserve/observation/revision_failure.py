"""Why a Knative revision does not become ready, where none of its pods explains it."""

import re

from viewfinder_components.deployment.kubernetes.cluster import Object
from viewfinder_components.errors import PermanentError, TransientError, ViewfinderError
from viewfinder_components.spelling import spell

# A registry's own words (distribution specification, error codes), as passed on by Knative.
_IMAGE_MISSING = re.compile(r"not found|unauthorized|denied|unknown|could not parse", re.I)


def find_revision_failure(revision: Object) -> ViewfinderError | None:
    """Return the problem that a revision's conditions report; None if they report none.

    Args:
        revision: A `revisions.serving.knative.dev`; may be empty.
    """
    for condition in revision.get("status", {}).get("conditions") or []:
        if condition["status"] == "False" and condition["type"] != "Active":
            name = str(revision["metadata"]["name"])
            reason, message = str(condition.get("reason")), str(condition.get("message"))
            return _explain(name, reason, message)
    return None


def _explain(name: str, reason: str, message: str) -> ViewfinderError:
    if reason == "ContainerMissing":
        # Knative itself asks the registry which image a tag refers to, before there is any pod.
        kind = PermanentError if _IMAGE_MISSING.search(message) else TransientError
        return kind(
            f"the image of revision {name} in its registry, where Knative looks up its digest",
            message,
            "push it, give the service account an imagePullSecret, or name the registry under "
            "registries-skipping-tag-resolving in Knative's ConfigMap config-deployment",
        )
    if reason == "Unschedulable":  # Knative reports it for a while after the pod was scheduled
        return TransientError(
            "room for the predictor's pod on a node",
            message.partition(". ")[0],
            f"deploy with a smaller request ({spell('predictor_cpu', '500m')} for example), add a "
            "node, or try again when there is room",
        )
    if reason == "ProgressDeadlineExceeded":
        return TransientError(
            f"revision {name} to be ready before Knative gave up on it",
            message,
            "see kubectl describe revision; if its pods only needed more time, "
            "increase deploy_timeout_seconds, which becomes Knative's progress deadline",
        )
    return PermanentError(
        f"revision {name} to become ready",
        f"{reason}: {message}",
        "see kubectl describe revision, and fix the problem it names",
    )
