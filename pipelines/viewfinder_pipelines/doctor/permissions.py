"""Whether the steps, and we, may do what the deploy step does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from viewfinder_components.deployment.refusals import ROLE
from viewfinder_components.errors import PermanentError
from viewfinder_pipelines.doctor.access import whoami
from viewfinder_pipelines.doctor.finding import Finding, State, UnseenError
from viewfinder_pipelines.doctor.install import Install

_REVIEWS = "/apis/authorization.k8s.io/v1"


@dataclass(frozen=True)
class Permission:
    """One verb on one resource."""

    verb: str
    resource: str
    group: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}{f'.{self.group}' if self.group else ''}"


_KSERVE = "serving.kserve.io"
NEEDED = (
    Permission("get", "inferenceservices", _KSERVE),
    Permission("create", "inferenceservices", _KSERVE),
    Permission("patch", "inferenceservices", _KSERVE),
    Permission("get", "servingruntimes", _KSERVE),
    Permission("get", "deployments", "apps"),
    Permission("list", "replicasets", "apps"),
    Permission("list", "pods"),
    Permission("list", "events"),
    Permission("get", "pods/log"),
    Permission("get", "services"),
    Permission("get", "services", "serving.knative.dev"),
    Permission("list", "revisions", "serving.knative.dev"),
    Permission("get", "configmaps"),
    Permission("create", "configmaps"),
    Permission("patch", "configmaps"),
)
"""What the deploy step needs in its namespace: manifests/base/role.yaml, which a test compares."""

Ask = Callable[[Permission], bool]


def examine_permissions(install: Install) -> Iterator[Finding]:
    """Ask the API server about the steps' service account, and about ourselves."""
    account, namespace = install.account, install.namespace
    user = f"system:serviceaccount:{namespace}:{account}"
    ourselves = whoami(install)
    try:
        yield _judge(install, "steps' permissions", user, _ask_about(install, user))
    except UnseenError as unseen:
        if ourselves != user:
            text = f"not known for {account}: {unseen}"
            yield Finding("steps' permissions", State.UNKNOWN, text, "ask an administrator")
    if ourselves == user:
        return
    missing = [needed for needed in NEEDED if not _ask_ourselves(install, needed)]
    if missing:
        text = f"a deploy from here would be refused {_shorten(missing)}"
        remedy = "leave deploying to the pipeline's own account, or bind yourself to the same Role"
        yield Finding("your permissions", State.WARNING, text, remedy)
    else:
        yield Finding("your permissions", State.OK, f"all {len(NEEDED)} of the deploy step")


def _judge(install: Install, name: str, user: str, ask: Ask) -> Finding:
    missing = [needed for needed in NEEDED if not ask(needed)]
    if missing:
        raise PermanentError(
            f"ServiceAccount {user.rpartition(':')[2]} to be permitted to "
            f"{_shorten(missing)} in namespace {install.namespace}",
            "no such rule bound to it",
            f"{install.overlay} ({ROLE} lists the rules; --service-account names another account)",
        )
    return Finding(name, State.OK, f"{user.rpartition(':')[2]} has all {len(NEEDED)} of {ROLE}")


def _shorten(missing: list[Permission]) -> str:
    more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
    return ", ".join(map(str, missing[:3])) + more


def _ask_about(install: Install, user: str) -> Ask:
    """Return how to ask about another user: in the namespace, or in the cluster."""
    if whoami(install) == user:
        return lambda needed: _ask_ourselves(install, needed)
    local = f"{_REVIEWS}/namespaces/{install.namespace}/localsubjectaccessreviews"
    groups = ["system:serviceaccounts", f"system:serviceaccounts:{install.namespace}"]
    who = {"user": user, "groups": [*groups, "system:authenticated"]}
    ways = [(local, "LocalSubjectAccessReview"),
            (f"{_REVIEWS}/subjectaccessreviews", "SubjectAccessReview")]  # fmt: skip
    for path, kind in ways:
        try:
            _review(install, path, kind, NEEDED[0], who)
        except UnseenError as error:
            unseen = error
        else:
            return lambda needed, path=path, kind=kind: _review(  # type: ignore[misc]
                install, path, kind, needed, who
            )
    raise unseen


def _ask_ourselves(install: Install, needed: Permission) -> bool:
    path = f"{_REVIEWS}/selfsubjectaccessreviews"
    return _review(install, path, "SelfSubjectAccessReview", needed, {})


def _review(
    install: Install, path: str, kind: str, needed: Permission, who: dict[str, Any]
) -> bool:
    resource, _, subresource = needed.resource.partition("/")
    attributes = {
        "namespace": install.namespace,
        "verb": needed.verb,
        "group": needed.group,
        "resource": resource,
        "subresource": subresource,
    }
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": kind,
        "metadata": {"namespace": install.namespace} if kind.startswith("Local") else {},
        "spec": {"resourceAttributes": attributes, **who},
    }
    answer = install.create(path, body, "another account's permissions")
    return bool(answer["status"].get("allowed"))
