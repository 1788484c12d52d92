"""Why a Knative revision does not become ready, where none of its pods says more."""

import re

from viewfinder_components.deployment.cluster import Object
from viewfinder_components.errors import PermanentError, TransientError, ViewfinderError

# A registry's own words (distribution specification, error codes), as Knative passes them on.
_IMAGE_MISSING = re.compile(r"not found|unauthorized|denied|unknown|could not parse", re.I)


def find_revision_failure(revision: Object) -> ViewfinderError | None:
    """Return what a revision's conditions complain about; None when they do not.

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
        # Knative itself asks the registry which image a tag means, before there is any pod.
        kind = PermanentError if _IMAGE_MISSING.search(message) else TransientError
        return kind(
            f"the image of revision {name} in its registry, where Knative looks its digest up",
            message,
            "push it, give the service account an imagePullSecret, or name the registry under "
            "registries-skipping-tag-resolving in Knative's ConfigMap config-deployment",
        )
    if reason == "Unschedulable":  # Knative tells it for a while after the pod has found room
        return TransientError(
            "room for the predictor's pod on a node",
            message.partition(". ")[0],
            "deploy with a smaller request (--set predictor_cpu=500m for example), add a node, or "
            "run it again when there is room",
        )
    if reason == "ProgressDeadlineExceeded":
        return TransientError(
            f"revision {name} to be ready before Knative gave it up",
            message,
            "see kubectl describe revision; if its pods only needed longer, set "
            "deploy_timeout_seconds higher, which becomes Knative's progress deadline",
        )
    return PermanentError(
        f"revision {name} to become ready",
        f"{reason}: {message}",
        "see kubectl describe revision, and correct what it names",
    )
