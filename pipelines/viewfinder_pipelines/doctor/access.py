"""Whether the cluster answers, knows us, and has the namespace."""

from collections.abc import Iterator

from viewfinder_components.deployment.kubernetes.namespace import missing_namespace
from viewfinder_components.errors import PermanentError
from viewfinder_pipelines.doctor.finding import Finding, FindingState, UnseenError
from viewfinder_pipelines.doctor.install import Install

_REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
_ANONYMOUS = "system:anonymous"
_LEVEL = "pod-security.kubernetes.io/enforce"


def examine_api(install: Install) -> Iterator[Finding]:
    """Ask the API server for its version and our identity."""
    version = install.read("/version", "the API server's version") or {}
    who = whoami(install)
    text = f"Kubernetes {version.get('gitVersion', '?')} at {install.cluster.configuration.host}"
    yield Finding("API server", FindingState.OK, f"{text} knows us as {who}" if who else text)


def whoami(install: Install) -> str:
    """Return the API server's name for us; empty before Kubernetes 1.28.

    Raises:
        PermanentError: It does not know us.
    """
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    try:
        review = install.create(_REVIEW, body, "who we are")
    except PermanentError as error:
        if "HTTP 401" in error.received:
            raise
        return ""
    except UnseenError as unseen:
        # Every authenticated user may ask, unless that permission was removed.
        name = unseen.user
    else:
        name = str(review["status"]["userInfo"].get("username", ""))
    if name == _ANONYMOUS:
        raise PermanentError(
            "an identity that the cluster knows",
            "none",
            "renew the kubeconfig's credentials, or give the pod a service account",
        )
    return name


def examine_namespace(install: Install) -> Iterator[Finding]:
    """Check that the namespace exists, and that KServe acts in it."""
    name = install.namespace
    found = install.read(f"/api/v1/namespaces/{name}", f"namespace {name}")
    if found is None:
        raise missing_namespace(install.cluster)
    if found.get("status", {}).get("phase") == "Terminating":
        raise PermanentError(
            f"a namespace {name} in which objects can be created",
            "one that is being deleted",
            f"wait until it is gone and recreate it (kubectl create namespace {name}), or name "
            "another",
        )
    labels = found["metadata"].get("labels") or {}
    if "control-plane" in labels:
        # KServe's webhook ignores such namespaces, and their pods start without their model.
        raise PermanentError(
            f"a namespace {name} without the label control-plane, which makes KServe ignore it",
            f"control-plane={labels['control-plane']}",
            f"kubectl label namespace {name} control-plane-, or deploy to another namespace",
        )
    level = labels.get(_LEVEL)
    yield Finding("namespace", FindingState.OK, f"{name}, pod security {level or 'not enforced'}")
