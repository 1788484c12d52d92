"""What doctor says of each recorded state: its real client asks, a recording answers over HTTP."""

import copy
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import pytest
from tests.doctor.recorder.answers import Answer, load
from tests.doctor.recorder.api_server import Replay
from tests.doctor.states import ADMIN, STATES, State, write_kubeconfig
from tests.fixtures.loopback import running

from viewfinder_pipelines.doctor.examine import examine
from viewfinder_pipelines.doctor.finding import Finding, FindingState

RECORDED = Path(__file__).parent / "recorded"
HOST = "http://api-server"
SERVICES = "inferenceservices.serving.kserve.io"
ASK = "ask an administrator to run viewfinder doctor, or to grant that permission"
OVERLAY = "kubectl apply --server-side -k manifests/overlays/standalone"


@pytest.fixture(autouse=True)
def _without_kubeflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KFP_HOST", raising=False)


def find(
    state: State,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    changed: Callable[[Iterable[Answer]], Iterable[Answer]] = list,
) -> dict[str, Finding]:
    """Return what doctor says of a recorded state, or of one derived from it, by name."""
    with running(Replay(changed(load(RECORDED / f"{state.name}.json")))) as server:
        kubeconfig = write_kubeconfig(folder / "kubeconfig", server.url, state.asker)
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
        findings = list(examine(state.config, lambda _: None))
        assert server.unknown == [], "record again: python -m tests.doctor.recorder"
    by_name = {finding.name: finding for finding in findings}
    assert len(by_name) == len(findings)
    return {name: neutral(finding, server.url) for name, finding in by_name.items()}


def with_pods(answers: Iterable[Answer], node: str, most: int) -> list[Answer]:
    """Return recorded answers in which a node may have so many pods."""
    changed = copy.deepcopy(list(answers))
    (nodes,) = [one.body["items"] for one in changed if one.target == "/api/v1/nodes"]
    (found,) = [one for one in nodes if one["metadata"]["name"] == node]
    found["status"]["allocatable"]["pods"] = str(most)
    return changed


def neutral(finding: Finding, url: str) -> Finding:
    """Return a finding with an address that is the same in every run."""
    return Finding(finding.name, finding.state, finding.text.replace(url, HOST), finding.remedy)


def well(name: str, text: str) -> Finding:
    return Finding(name, FindingState.OK, text)


def failed(name: str, expected: str, received: str, remedy: str) -> Finding:
    text = f"expected {expected}, received {received}"
    return Finding(name, FindingState.FAILED, text, remedy)


def warning(name: str, text: str, remedy: str) -> Finding:
    return Finding(name, FindingState.WARNING, text, remedy)


def unseen(name: str, what: str, permission: str) -> Finding:
    return Finding(name, FindingState.UNKNOWN, f"{what}: not permitted to {permission}", ASK)


def skipped(name: str, because: str) -> Finding:
    text = f"not checked, because of the result for {because}"
    return Finding(name, FindingState.UNKNOWN, text)


def healthy(namespace: str) -> list[Finding]:
    """What is found where all is well and an administrator asks."""
    return [
        well("API server", f"Kubernetes v1.36.3 at {HOST} knows us as admin"),
        well("namespace", f"{namespace}, pod security baseline"),
        well("KServe's kinds", "inferenceservices and servingruntimes"),
        well("KServe", "0.20, deploys in mode Standard"),
        well("ingress", "none is created: services are reached inside the cluster"),
        well("KServe's controller", "1 ready"),
        well("KServe's webhook", "admits an InferenceService"),
        well("steps' permissions", "pipeline-runner has what manifests/base/role.yaml grants"),
        well("your permissions", "all that the deploy step needs"),
        well("steps' account", "pipeline-runner"),
        well("predictor's account", "viewfinder-predictor"),
        well("storage credentials", "Secret viewfinder-storage for store.example:9000"),
        well("serving runtime", "viewfinder-predictor with registry.example/predictor:1"),
        well("quota", "the namespace has none for predictors"),
        well(
            "room for a rollout",
            "nodes have room for 1 and, in a rollout, one more (cpu 1 and memory 512Mi each)",
        ),
    ]


FREE_A_NODE = (
    "set a smaller predictor_cpu or predictor_memory under [parameters] in viewfinder.toml or when "
    "you deploy, free a node, or add one"
)
TAINTED = " (of 2 nodes some accept no predictor: 1 because it has the taint gpu:NoSchedule)"
RAISE_QUOTA = (
    "raise the ResourceQuota, or set a smaller predictor_cpu or predictor_memory under "
    "[parameters] in viewfinder.toml or when you deploy"
)
REFUSED_POD = (
    "room for pods=1 in the namespace's ResourceQuota team",
    "pods=0 of pods=0 in use",
    "raise the quota, or remove what else is in it; while a new version starts, its pods count "
    "beside those of the one that serves",
)

WITHOUT_NAMESPACE = [
    skipped("KServe's webhook", "namespace"),
    skipped("steps' permissions", "namespace"),
    skipped("service accounts", "namespace"),
    skipped("storage credentials", "service accounts"),
    skipped("serving runtime", "namespace"),
    skipped("quota", "namespace"),
    skipped("room for a rollout", "namespace"),
]
INSIDE = {"your permissions", "steps' account", "predictor's account"}

DIFFERENT: dict[str, list[Finding]] = {
    "healthy": [],
    "no-kserve": [
        failed(
            "KServe's kinds",
            f"the kind {SERVICES}",
            "no such kind",
            "install KServe 0.14 to 0.21 with its CRDs",
        ),
        skipped("KServe", "KServe's kinds"),
        skipped("KServe's controller", "KServe's kinds"),
        skipped("KServe's webhook", "KServe's kinds"),
        skipped("serving runtime", "KServe's kinds"),
    ],
    "no-namespace": [
        failed(
            "namespace",
            f"a namespace no-namespace on the cluster at {HOST}",
            "no such namespace",
            "correct the namespace's name, or choose the right cluster with KUBECONFIG; "
            "kubectl create namespace no-namespace makes a new one, and manifests/README.md says "
            "what a deployment needs in it",
        ),
        *WITHOUT_NAMESPACE,
    ],
    "namespace-ends": [
        failed(
            "namespace",
            "a namespace namespace-ends in which objects can be created",
            "one that is being deleted",
            "wait until it is gone and recreate it (kubectl create namespace namespace-ends), or "
            "name another",
        ),
        *WITHOUT_NAMESPACE,
    ],
    "no-runtime": [
        failed(
            "serving runtime",
            "a ServingRuntime viewfinder-predictor in namespace no-runtime",
            "none",
            "apply manifests/base to that namespace, or name an existing one with "
            "predictor_runtime=NAME",
        ),
    ],
    "no-accounts": [
        failed(
            "steps' account",
            "a ServiceAccount pipeline-runner in namespace no-accounts",
            "none",
            "install Kubeflow Pipelines there, or name the steps' account with service_account; to "
            'deploy without Kubeflow Pipelines, ask with purpose="deploy"',
        ),
        failed(
            "predictor's account",
            "a ServiceAccount viewfinder-predictor in namespace no-accounts",
            "none",
            OVERLAY,
        ),
        skipped("storage credentials", "service accounts"),
    ],
    "no-secret": [
        failed(
            "storage credentials",
            "a Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY that ServiceAccount "
            "viewfinder-predictor lists",
            "none",
            "fill in a copy of manifests/storage/s3 and apply it",
        ),
    ],
    "unfilled-secret": [
        failed(
            "storage credentials",
            "the store's keys in Secret viewfinder-storage",
            "change-me",
            "fill in a copy of manifests/storage/s3 and apply it",
        ),
    ],
    "role-without-create": [
        failed(
            "steps' permissions",
            f"ServiceAccount pipeline-runner to be permitted to create {SERVICES} in namespace "
            "role-without-create",
            "no such rule bound to it",
            f"{OVERLAY} (manifests/base/role.yaml lists the rules; service_account names another "
            "account)",
        ),
    ],
    "no-room": [
        warning(
            "room for a rollout",
            "room for 0 of the 1 predictors of a first deployment (cpu 64 and memory 512Mi each)"
            + TAINTED,
            FREE_A_NODE,
        ),
    ],
    "one-fits": [
        warning(
            "room for a rollout",
            "a first deployment fits; a second version's pod (cpu 3 and memory 512Mi) would have "
            "to wait" + TAINTED,
            FREE_A_NODE,
        ),
    ],
    "only-tainted-nodes": [
        warning(
            "room for a rollout",
            "room for 0 of the 1 predictors of a first deployment (cpu 1 and memory 20Gi each)"
            + TAINTED,
            FREE_A_NODE,
        ),
    ],
    "quota-exhausted": [
        warning(
            "quota",
            "too little for 2 predictors, which a rollout needs: team has 500m of 1 requests.cpu "
            "in use, each needs 1",
            RAISE_QUOTA,
        ),
    ],
    "quota-refuses-pods": [
        warning(
            "quota",
            "too little for 2 predictors, which a rollout needs: team has 0 of 0 pods in use, each "
            "needs 1",
            RAISE_QUOTA,
        ),
        failed("predictor's image", *REFUSED_POD),
        failed("steps' image", *REFUSED_POD),
        skipped("model root", "steps' image"),
    ],
}
"""By state: what is found otherwise than where all is well, or besides."""

ABSENT = {
    "no-kserve": {"ingress"},
    "no-namespace": INSIDE,
    "namespace-ends": INSIDE,
}
"""What is not said at all, because what it belongs to is not looked at."""


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_an_administrator_is_told(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = {finding.name: finding for finding in [*healthy(name), *DIFFERENT[name]]}
    for absent in ABSENT.get(name, ()):
        del expected[absent]
    assert find(STATES[name], tmp_path, monkeypatch) == expected


@pytest.mark.parametrize(
    ("most", "text"),
    [
        (
            1,
            "room for 0 of the 1 predictors of a first deployment (cpu 1 and memory 512Mi each) "
            "(of 2 nodes some accept no predictor: 1 because it has the taint gpu:NoSchedule; 1 "
            "because it runs as many pods as it may (1))",
        ),
        (
            2,
            "a first deployment fits; a second version's pod (cpu 1 and memory 512Mi) would have "
            "to wait, because of the most pods that a node may have" + TAINTED,
        ),
    ],
)
def test_a_node_that_may_have_no_more_pods(
    most: int, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = partial(with_pods, node="small", most=most)
    found = find(STATES["healthy"], tmp_path, monkeypatch, limit)
    assert found["room for a rollout"] == warning("room for a rollout", text, FREE_A_NODE)


def test_every_state_that_an_administrator_asks_about_is_judged() -> None:
    assert {state.name for state in STATES.values() if state.asker == ADMIN} == set(DIFFERENT)


def test_who_may_not_deploy_is_told_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "may-not-deploy"
    where = f"in namespace {name}"
    create = f"create {SERVICES} {where}"
    controller = "get deployments.apps in namespace"
    expected = [
        well(
            "API server",
            f"Kubernetes v1.36.3 at {HOST} knows us as system:serviceaccount:{name}:developer",
        ),
        unseen("namespace", f"namespace {name}", f"get namespaces {where}"),
        well("KServe's kinds", "inferenceservices and servingruntimes"),
        unseen("KServe", "KServe's version and mode", create),
        unseen(
            "KServe's controller", "KServe's controller",
            f"{controller} kserve or {controller} kubeflow",
        ),
        unseen("KServe's webhook", "KServe's webhook", create),
        Finding(
            "your permissions",
            FindingState.FAILED,
            f"a deployment from here would be denied create {SERVICES}, get services/proxy, create "
            "services/proxy",
            "ask for the namespace's role `edit` and the rules of manifests/base/role.yaml, or for "
            "a role with these",
        ),
        unseen("service accounts", "service accounts", f"get serviceaccounts {where}"),
        unseen("storage credentials", "service accounts", f"get serviceaccounts {where}"),
        well("serving runtime", "viewfinder-predictor with registry.example/predictor:1"),
        unseen("quota", "the namespace's quotas", f"list resourcequotas {where}"),
        unseen("room for a rollout", "the nodes", "list nodes"),
        Finding(
            "model root", FindingState.UNKNOWN, "no model root is named",
            "name it with model_root",
        ),
    ]  # fmt: skip
    found = find(STATES[name], tmp_path, monkeypatch)
    assert found == {finding.name: finding for finding in expected}


def test_who_may_nothing_is_told_what_cannot_be_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "may-nothing"
    where = f"in namespace {name}"
    controller = "get deployments.apps in namespace"
    expected = [
        well(
            "API server",
            f"Kubernetes v1.36.3 at {HOST} knows us as system:serviceaccount:{name}:newcomer",
        ),
        unseen("namespace", f"namespace {name}", f"get namespaces {where}"),
        well("KServe's kinds", "inferenceservices and servingruntimes"),
        unseen("KServe", "KServe's version and mode", f"patch {SERVICES} {where}"),
        unseen(
            "KServe's controller", "KServe's controller",
            f"{controller} kserve or {controller} kubeflow",
        ),
        unseen("KServe's webhook", "KServe's webhook", f"create {SERVICES} {where}"),
        Finding(
            "steps' permissions",
            FindingState.UNKNOWN,
            "not known for pipeline-runner: another account's permissions: not permitted to create "
            "subjectaccessreviews.authorization.k8s.io",
            "ask an administrator",
        ),
        warning(
            "your permissions",
            f"a deployment from here would be denied get {SERVICES}, create {SERVICES}, patch "
            f"{SERVICES} and 12 more",
            "leave deploying to the pipeline's own account, or bind yourself to the same Role",
        ),
        unseen("service accounts", "service accounts", f"get serviceaccounts {where}"),
        unseen("storage credentials", "service accounts", f"get serviceaccounts {where}"),
        unseen(
            "serving runtime", "serving runtimes",
            f"get servingruntimes.serving.kserve.io {where}",
        ),
        unseen("quota", "the namespace's quotas", f"list resourcequotas {where}"),
        unseen("room for a rollout", "the nodes", "list nodes"),
    ]  # fmt: skip
    found = find(STATES[name], tmp_path, monkeypatch)
    assert found == {finding.name: finding for finding in expected}


def test_a_token_that_the_cluster_does_not_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding = failed(
        "API server",
        "the API server to accept GET /version",
        "HTTP 401: Unauthorized",
        "renew the kubeconfig's credentials, or give the pod a service account",
    )
    assert find(STATES["unknown-token"], tmp_path, monkeypatch) == {"API server": finding}


def test_who_has_no_credentials_is_told_so_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding = failed(
        "API server",
        "an identity that the cluster knows",
        "none",
        "renew the kubeconfig's credentials, or give the pod a service account",
    )
    assert find(STATES["no-credentials"], tmp_path, monkeypatch) == {"API server": finding}
