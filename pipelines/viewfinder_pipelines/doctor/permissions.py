"""Whether the steps, and we, have the permissions of the deploy step."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from viewfinder_components.deployment.kserve.kserve_version import Mode
from viewfinder_components.deployment.kubernetes.refusals import ROLE
from viewfinder_components.errors import PermanentError, ViewfinderError
from viewfinder_components.spelling import spell
from viewfinder_pipelines.doctor.access import whoami
from viewfinder_pipelines.doctor.finding import Finding, FindingState, UnseenError
from viewfinder_pipelines.doctor.install import Install
from viewfinder_pipelines.doctor.kserve import find_kserve

_REVIEWS = "/apis/authorization.k8s.io/v1"
_STEPS = "steps' permissions"


@dataclass(frozen=True)
class Permission:
    """One verb on one resource."""

    verb: str
    resource: str
    group: str = ""
    mode: Mode | None = None
    """The KServe mode that needs it; None if both do."""

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
    Permission("get", "services", "serving.knative.dev", Mode.KNATIVE),
    Permission("list", "revisions", "serving.knative.dev", Mode.KNATIVE),
    Permission("get", "configmaps"),
    Permission("create", "configmaps"),
    Permission("patch", "configmaps"),
)
"""What the deploy step needs in its namespace: manifests/base/role.yaml, compared by a test."""

FROM_OUTSIDE = (Permission("get", "services/proxy"), Permission("create", "services/proxy"))
"""What sending test photos also needs, if this is not a pod of the cluster."""

Ask = Callable[[Permission], bool]


def examine_permissions(install: Install) -> Iterator[Finding]:
    """Ask the API server about the steps' service account, and about ourselves."""
    mode, ourselves = _find_mode(install), whoami(install)
    if install.is_for_runs:
        user = f"system:serviceaccount:{install.namespace}:{install.account}"
        yield from _examine_steps(install, user, ourselves, mode)
        if ourselves == user:
            return
    yield _examine_ourselves(install, mode)


def _examine_steps(
    install: Install, user: str, ourselves: str, mode: Mode | None
) -> Iterator[Finding]:
    try:
        yield _judge(install, user, _ask_about(install, user), mode)
    except UnseenError as unseen:
        if ourselves != user:
            text = f"not known for {install.account}: {unseen}"
            yield Finding(_STEPS, FindingState.UNKNOWN, text, "ask an administrator")


def _examine_ourselves(install: Install, mode: Mode | None) -> Finding:
    outside = () if install.is_for_runs or install.cluster.inside else FROM_OUTSIDE
    missing, elsewhere = _find_missing(
        lambda needed: _ask_ourselves(install, needed), mode, (*NEEDED, *outside)
    )
    if not missing:
        text = "all that the deploy step needs" + _describe_other(mode, elsewhere)
        return Finding("your permissions", FindingState.OK, text)
    text = f"a deployment from here would be denied {_shorten(missing)}"
    if install.is_for_runs:
        remedy = "leave deploying to the pipeline's own account, or bind yourself to the same Role"
        return Finding("your permissions", FindingState.WARNING, text, remedy)
    remedy = (
        f"ask for the namespace's role `edit` and the rules of {ROLE}, or for a role with these"
    )
    return Finding("your permissions", FindingState.FAILED, text, remedy)


def _find_mode(install: Install) -> Mode | None:
    """Return the mode in which a new service would be created; None if unknown."""
    try:
        return find_kserve(install).mode
    except ViewfinderError:  # the check of KServe says why
        return None


def _find_missing(
    ask: Ask, mode: Mode | None, wanted: Iterable[Permission] = NEEDED
) -> tuple[list[Permission], list[Permission]]:
    """Return what is missing for a mode, and what only the other one needs."""
    missing = [needed for needed in wanted if not ask(needed)]
    elsewhere = [needed for needed in missing if mode and needed.mode not in (None, mode)]
    return [needed for needed in missing if needed not in elsewhere], elsewhere


def _describe_other(mode: Mode | None, missing: list[Permission]) -> str:
    """Describe what is missing for the mode that is not the cluster's, empty if nothing is."""
    if mode is None or not missing:
        return ""
    other = next(one for one in Mode if one is not mode)
    return f" in KServe's mode {mode.value}; mode {other.value} would also need {_shorten(missing)}"


def _judge(install: Install, user: str, ask: Ask, mode: Mode | None) -> Finding:
    missing, elsewhere = _find_missing(ask, mode)
    if missing:
        error = PermanentError(
            f"ServiceAccount {user.rpartition(':')[2]} to be permitted to "
            f"{_shorten(missing)} in namespace {install.namespace}",
            "no such rule bound to it",
            f"{install.overlay} ({ROLE} lists the rules; {spell('service_account')} names "
            "another account)",
        )
        return Finding.of_error(_STEPS, error)
    text = f"{user.rpartition(':')[2]} has what {ROLE} grants"
    return Finding(_STEPS, FindingState.OK, text + _describe_other(mode, elsewhere))


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
