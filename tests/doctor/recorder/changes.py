"""How each state is made in its namespace."""

from collections.abc import Callable

from tests.doctor.recorder.cluster import (
    Admin,
    a_pod,
    add_runtime,
    install_kserve,
    make_secret,
    prepare_namespace,
    read_manifest,
)
from tests.fixtures.waiting import wait_for


def _make_healthy(admin: Admin) -> None:
    install_kserve(admin)  # from here on every state has it
    _prepare(admin)


def _prepare(admin: Admin) -> None:
    prepare_namespace(admin)
    add_runtime(admin)


def _make_nothing(admin: Admin) -> None:
    """The namespace does not even exist."""


def _end_namespace(admin: Admin) -> None:
    """Delete the namespace, while nothing runs that would empty it."""
    _prepare(admin)
    admin.delete("Namespace", admin.cluster.namespace)


def _remove(*objects: tuple[str, str]) -> Callable[[Admin], None]:
    def change(admin: Admin) -> None:
        _prepare(admin)
        for kind, name in objects:
            admin.delete(kind, name)

    return change


def _leave_secret_unfilled(admin: Admin) -> None:
    _prepare(admin)
    make_secret(admin, "change-me")


def _take_create_away(admin: Admin) -> None:
    _prepare(admin)
    role = read_manifest("role")
    role["rules"][0]["verbs"].remove("create")
    admin.apply(role)


def _add_developer(admin: Admin) -> None:
    _take_create_away(admin)
    admin.make("ServiceAccount", "developer")
    binding = read_manifest("rolebinding")
    binding["subjects"] = [{"kind": "ServiceAccount", "name": "developer"}]
    admin.apply(binding)


def _add_newcomer(admin: Admin) -> None:
    _prepare(admin)
    admin.make("ServiceAccount", "newcomer")


def _exhaust_quota(admin: Admin) -> None:
    """Leave room for half a predictor."""
    _prepare(admin)
    hard = {"requests.cpu": "1", "requests.memory": "4Gi"}
    admin.make("ResourceQuota", "team", spec={"hard": hard})
    pod = a_pod("it", cpu="500m", memory="1Gi", serviceAccountName="pipeline-runner")
    _await_quota(admin, "0")
    admin.apply(pod)
    _await_quota(admin, "500m")


def _exhaust_pods(admin: Admin) -> None:
    _prepare(admin)
    admin.make("ResourceQuota", "team", spec={"hard": {"pods": "0"}})
    path = admin.path("ResourceQuota", "team")
    wait_for(lambda: "hard" in (admin.cluster.get(path) or {}).get("status", {}), "a counted quota")


def _await_quota(admin: Admin, cpu: str) -> None:
    path = admin.path("ResourceQuota", "team")

    def is_counted() -> bool:
        status = (admin.cluster.get(path) or {}).get("status", {})
        return bool(status.get("used", {}).get("requests.cpu") == cpu)

    wait_for(is_counted, f"a quota of which {cpu} is used")


CHANGES: dict[str, Callable[[Admin], None]] = {
    "no-kserve": prepare_namespace,
    "healthy": _make_healthy,
    "no-namespace": _make_nothing,
    "namespace-ends": _end_namespace,
    "no-runtime": prepare_namespace,
    "no-accounts": _remove(
        ("ServiceAccount", "pipeline-runner"), ("ServiceAccount", "viewfinder-predictor")
    ),
    "no-secret": _remove(("Secret", "viewfinder-storage")),
    "unfilled-secret": _leave_secret_unfilled,
    "role-without-create": _take_create_away,
    "may-not-deploy": _add_developer,
    "may-nothing": _add_newcomer,
    "no-room": _prepare,
    "one-fits": _prepare,
    "only-tainted-nodes": _prepare,
    "quota-exhausted": _exhaust_quota,
    "quota-refuses-pods": _exhaust_pods,
    "unknown-token": _prepare,
    "no-credentials": _prepare,
}
"""What is done, by the state's name."""
