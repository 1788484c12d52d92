"""Turn the API server's rejections into errors with a remedy."""

import json
import re
from typing import Any

from viewfinder_components.deployment.kubernetes.quota_refusals import is_of_quota, quota_error
from viewfinder_components.errors import PermanentError, TransientError, ViewfinderError
from viewfinder_components.spelling import spell, write_command

ROLE = "manifests/base/role.yaml"
"""The manifest that grants what the deploy step needs."""

_NOT_IN_ROLE = {
    ("delete", "inferenceservices"),
    ("list", "inferenceservices"),
    ("list", "configmaps"),
    ("get", "pods/proxy"),
}
"""What `viewfinder undeploy`, `prune` and `watch` need but runs do not, so the role omits it."""

# The API server's own words; users also see them in kubectl.
_FORBIDDEN = re.compile(
    r'User "(?P<user>[^"]*)" cannot (?P<verb>\S+) resource "(?P<resource>[^"]*)"'
    r' in API group "(?P<group>[^"]*)"(?: in the namespace "(?P<namespace>[^"]*)")?'
)
_WEBHOOK_AWAY = re.compile(r"failed calling webhook|no endpoints available|context deadline")
# The words of a webhook and of a ValidatingAdmissionPolicy.
_DENIED = re.compile(r"(admission webhook|ValidatingAdmissionPolicy) .*denied (the )?request", re.S)


def explain_refusal(method: str, path: str, status: int, body: str) -> ViewfinderError:
    """Return the error for an answer that is not a success.

    Args:
        method: The request's.
        path: The request's.
        status: The HTTP status.
        body: The answer, a Kubernetes Status in most cases.
    """
    record = _read_status(body)
    message = str(record.get("message") or body.strip() or f"HTTP {status}")[:1000]
    if known := _explain_message(message):
        return known
    if status == 404:
        return _missing(path, message)
    if status == 409:
        return conflict_error(record, message)
    expected, received = f"the API server to accept {method} {path}", f"HTTP {status}: {message}"
    if status == 401:
        remedy = "renew the kubeconfig's credentials, or give the pod a service account"
        return PermanentError(expected, received, remedy)
    if status == 429 or status >= 500:
        return TransientError(expected, received, "try again when the API server is healthy")
    return PermanentError(expected, received, "change the setting it names")


def _explain_message(message: str) -> ViewfinderError | None:
    if _WEBHOOK_AWAY.search(message):
        return TransientError(
            "an admission webhook that answers",
            message,
            "check that KServe's controller is running (kubectl -n kserve get pods), and try again",
        )
    if forbidden := _FORBIDDEN.search(message):
        return _missing_rule(forbidden)
    if _DENIED.search(message):
        remedy = "change the setting it names, or ask the owner of that check"
        return PermanentError("an object that the cluster admits", message, remedy)
    return quota_error(message) if is_of_quota(message) else None


def explain_silence(host: str, error: Exception) -> TransientError:
    """Return the error for a request that got no answer."""
    return TransientError(
        f"an API server that answers at {host}",
        f"{type(error).__name__}: {error}",
        "try again when it is available, or check the address in the kubeconfig",
    )


class ConflictError(PermanentError):
    """Fields belong to others, or the object changed since it was read."""

    def __init__(self, expected: str, received: str, remedy: str, *, stale: bool) -> None:
        super().__init__(expected, received, remedy)
        self.stale = stale
        """Whether the object only changed meanwhile, so that rereading it helps."""


def conflict_error(status: dict[str, Any], message: str) -> ConflictError:
    """Return the error for HTTP 409, naming the owners of the fields if they have any."""
    causes = (status.get("details") or {}).get("causes") or []
    fields = [f"{cause.get('field')} ({cause.get('message')})" for cause in causes]
    return ConflictError(
        "fields that nobody else has set" if fields else "an object that nobody changes meanwhile",
        "; ".join(fields) or message,
        f"undo that change, or deploy with {spell('adopt', True)} to take these fields over"
        if fields
        else "try again",
        stale=not fields,
    )


class ForbiddenError(PermanentError):
    """The API server does not permit something."""

    def __init__(
        self, expected: str, received: str, remedy: str, *, permission: str, user: str
    ) -> None:
        super().__init__(expected, received, remedy)
        self.permission = permission
        """What is not permitted, such as `get secrets in namespace team`."""
        self.user = user
        """Who sent the request, as known to the API server."""


def _missing_rule(match: re.Match[str]) -> ForbiddenError:
    group, resource, verb = match["group"], match["resource"], match["verb"]
    rule = f"{{apiGroups: [{group!r}], resources: [{resource!r}], verbs: [{verb!r}]}}"
    remedy = (
        f"do it as an administrator of the namespace, or add the rule {rule} to a role of that user"
        if (verb, resource) in _NOT_IN_ROLE
        else f"apply {ROLE}, whose missing rule is {rule}, and bind it to that user"
    )
    where = ""
    if namespace := match["namespace"]:
        # Access to anything in a namespace that does not exist is not permitted either.
        remedy += f"; if {namespace} is not the namespace you mean, correct its name"
        where = f" in namespace {namespace}"
    permission = f"{verb} {resource}{f'.{group}' if group else ''}{where}"
    return ForbiddenError(
        f"permission to {permission}",
        f"none for {match['user']}",
        remedy,
        permission=permission,
        user=match["user"],
    )


def _missing(path: str, message: str) -> PermanentError:
    if "/serving.kserve.io/" in path and not message.startswith("namespaces "):
        return missing_kserve()
    return PermanentError(f"something at {path}", message, "create it, or correct its name")


def missing_kserve() -> PermanentError:
    """Return the error for a cluster that does not know InferenceServices."""
    return PermanentError(
        "KServe on the cluster, with the kind inferenceservices.serving.kserve.io",
        "no such kind",
        "install KServe 0.14 to 0.21 with its CRDs, or choose the right cluster with KUBECONFIG; "
        f"`{write_command('run', '--set', 'deploy=false')}` needs no KServe",
    )


def _read_status(body: str) -> dict[str, Any]:
    try:
        record = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}
