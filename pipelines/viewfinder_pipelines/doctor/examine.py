"""Check an installation, one thing at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from viewfinder_components.errors import ViewfinderError
from viewfinder_pipelines.doctor import quota, room
from viewfinder_pipelines.doctor.access import examine_api, examine_namespace
from viewfinder_pipelines.doctor.finding import Finding, FindingState, UnseenError
from viewfinder_pipelines.doctor.install import DoctorConfig, Install, Purpose, connect
from viewfinder_pipelines.doctor.kserve import (
    examine_controller,
    examine_kinds,
    examine_version,
    examine_webhook,
)
from viewfinder_pipelines.doctor.objects import examine_accounts, examine_runtime, examine_secret
from viewfinder_pipelines.doctor.permissions import examine_permissions
from viewfinder_pipelines.doctor.pipelines_api import examine_pipelines, is_address_known
from viewfinder_pipelines.doctor.pod_checks import (
    examine_predictor_image,
    examine_reading,
    examine_steps_image,
    examine_storage,
)

Look = Callable[[Install], Iterator[Finding]]


@dataclass(frozen=True)
class Examination:
    """One check of the installation."""

    name: str
    """The name of its finding if it fails."""

    look: Look
    """The check itself."""

    needs: tuple[str, ...] = ()
    """The checks without which it makes no sense."""

    makes_pods: bool = False
    """Whether it starts pods."""

    only_for: Purpose | None = None
    """The only purpose that needs this check; None if all do."""


_KINDS, _NAMESPACE, _ACCOUNT = "KServe's kinds", "namespace", "service accounts"
_STEPS = "steps' image"
EXAMINATIONS = (
    Examination(_NAMESPACE, examine_namespace),
    Examination(_KINDS, examine_kinds),
    Examination("KServe", examine_version, needs=(_KINDS,)),
    Examination("KServe's controller", examine_controller, needs=(_KINDS,)),
    Examination("KServe's webhook", examine_webhook, needs=(_KINDS, _NAMESPACE)),
    Examination("steps' permissions", examine_permissions, needs=(_NAMESPACE,)),
    Examination(_ACCOUNT, examine_accounts, needs=(_NAMESPACE,)),
    Examination("storage credentials", examine_secret, needs=(_ACCOUNT,)),
    Examination("serving runtime", examine_runtime, needs=(_KINDS, _NAMESPACE)),
    Examination(quota.NAME, quota.examine_quota, needs=(_NAMESPACE,)),
    Examination(room.NAME, room.examine_room, needs=(_NAMESPACE,)),
    Examination("predictor's image", examine_predictor_image, needs=(_ACCOUNT,), makes_pods=True),
    Examination(_STEPS, examine_steps_image, (_ACCOUNT,), makes_pods=True, only_for=Purpose.RUN),
    Examination("model root", examine_storage, (_STEPS,), makes_pods=True, only_for=Purpose.RUN),
    Examination("model root", examine_reading, only_for=Purpose.DEPLOY),
)
"""In this order; the cheap ones first."""


def examine(config: DoctorConfig, progress: Callable[[str], None]) -> Iterator[Finding]:
    """Check the cluster and, for runs, Kubeflow Pipelines if an address is known, as in a pod.

    Args:
        config: What to check.
        progress: Is called with the name of the next check.
    """
    progress("API server")
    yield from _examine_cluster(config, progress)
    is_for_runs = config.purpose is Purpose.RUN
    if is_for_runs and is_address_known(config.settings.kubeflow):
        progress("Kubeflow Pipelines")
        yield from _guard("Kubeflow Pipelines", examine_pipelines(config.settings.kubeflow))


def _examine_cluster(config: DoctorConfig, progress: Callable[[str], None]) -> Iterator[Finding]:
    try:
        install = connect(config)
    except ViewfinderError as error:
        yield Finding.of_error("API server", error)
        return
    with install.cluster:
        api = list(_guard("API server", examine_api(install)))
        yield from api
        if all(finding.state is not FindingState.FAILED for finding in api):
            yield from _examine_namespace(install, progress)


def _examine_namespace(install: Install, progress: Callable[[str], None]) -> Iterator[Finding]:
    failed: set[str] = set()
    for examination in EXAMINATIONS:
        if examination.makes_pods and not install.config.pods:
            continue
        if examination.only_for not in (None, install.config.purpose):
            continue
        if missing := next((name for name in examination.needs if name in failed), ""):
            failed.add(examination.name)
            text = f"not checked, because of the result for {missing}"
            yield Finding(examination.name, FindingState.UNKNOWN, text)
            continue
        progress(examination.name)
        for finding in _guard(examination.name, examination.look(install)):
            if finding.state is FindingState.FAILED:
                failed.add(examination.name)
            yield finding


def _guard(name: str, findings: Iterator[Finding]) -> Iterator[Finding]:
    """Turn an error of a check into a finding: the others continue."""
    try:
        yield from findings
    except UnseenError as unseen:
        remedy = "ask an administrator to run viewfinder doctor, or to grant that permission"
        yield Finding(name, FindingState.UNKNOWN, str(unseen), remedy)
    except ViewfinderError as error:
        yield Finding.of_error(name, error)
