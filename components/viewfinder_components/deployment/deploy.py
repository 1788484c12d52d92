"""The deploy step: a published version serves behind an InferenceService, or nothing changed."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

from viewfinder_components.deployment.answers import (
    endpoint_of,
    need_answers,
    need_version,
    open_route,
)
from viewfinder_components.deployment.apply import apply_service, read_applied, read_service
from viewfinder_components.deployment.changed_settings import find_changed_settings
from viewfinder_components.deployment.cluster import Cluster, Object
from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.deployment.history import Deed, Entry, remember
from viewfinder_components.deployment.kserve_version import KServe, Mode, detect_kserve
from viewfinder_components.deployment.namespace import need_namespace
from viewfinder_components.deployment.observation import observe
from viewfinder_components.deployment.rollback import Predecessor, find_predecessor, roll_back
from viewfinder_components.deployment.rollout import Rollout, SupersededError
from viewfinder_components.deployment.runtime import Runtime, find_runtime
from viewfinder_components.deployment.service import APPLIED, build_service
from viewfinder_components.errors import PermanentError, TransientError, ViewfinderError
from viewfinder_components.formats.samples import Samples, read_samples
from viewfinder_components.parity import Parity
from viewfinder_components.reports.formatting import plural
from viewfinder_components.timing import Stopwatch
from viewfinder_components.whole_files import write_json

_log = logging.getLogger(__name__)

# It logs a line a request, at the level at which the steps tell their progress.
logging.getLogger("httpx").setLevel(logging.WARNING)

RECORD = "deployment.json"
_RETRY_SECONDS = 2.0
T = TypeVar("T")


@dataclass(frozen=True)
class Deployed:
    """A version that serves; the same is in `deployment.json`."""

    endpoint: str
    """The service's URL inside the cluster."""

    changed: bool
    """Whether anything was changed; False when the version served already."""

    summary: str
    """The step's one sentence about what it did."""

    seconds: dict[str, float]
    """Wall-clock seconds by phase."""

    scalars: dict[str, float]
    """The measurements by name, for KFP's Metrics."""


@dataclass(frozen=True)
class _Proof:
    """That a version answers."""

    endpoint: str
    parity: Parity | None
    """None where answers are not compared."""
    first_answer_seconds: float
    """Until the service told its version; 0 where the runtime tells none."""


@dataclass(frozen=True)
class _Plan:
    """A deployment before anything is changed."""

    cluster: Cluster
    config: DeployConfig
    kserve: KServe
    runtime: Runtime
    body: Object
    before: Object
    predecessor: Predecessor | None
    deadline: float

    @property
    def applied(self) -> str:
        return str(self.body["metadata"]["annotations"][APPLIED])

    @property
    def changed_settings(self) -> list[str]:
        return find_changed_settings(self.before, self.config)

    @property
    def changes(self) -> bool:
        return read_applied(self.before) != self.applied


def deploy_version(
    evaluation: Path, record: Path, config: DeployConfig, by: Deed = Deed.DEPLOY
) -> Deployed:
    """Let a published version serve, and prove with test photos that it does.

    A version that does not come to serve, or answers differently from the evaluation, is replaced
    by the one before, whose pods go on serving until the new ones are ready. Running it again comes
    to the same end, also after it was killed, whenever that was.

    Args:
        evaluation: What evaluate wrote: `evaluation.json` and `samples/`. Not read where the config
            says not to compare.
        record: Where to write `deployment.json`; made when missing.
        config: What to deploy, and where.
        by: What the service's history calls it.

    Raises:
        PermanentError: Permission, image, storage, layout, memory, quota or admission is wrong, or
            the answers are; the message says what serves now.
        TransientError: The cluster or the storage did not answer, or time was up.
    """
    watch = Stopwatch()
    samples = read_samples(evaluation) if config.compare else None
    with Cluster.connect(config.namespace) as cluster:
        with watch.phase("prepare"):
            deadline = time.monotonic() + config.deploy_timeout_seconds
            plan = _retried(lambda: _prepare(cluster, config, deadline), deadline)
        try:
            with watch.phase("apply"):
                _tell_changed_settings(plan, by)
                _retried(lambda: _apply(plan), plan.deadline)
            proof = _prove(plan, samples, watch)
        except SupersededError:
            raise
        except ViewfinderError as error:
            raise _rolled_back(plan, error) from error
        unrecorded = _remember(plan, by)
    result = _result(plan, proof, dict(watch.seconds), unrecorded)
    write_json(record / RECORD, _record(plan, result))
    return result


def _prepare(cluster: Cluster, config: DeployConfig, deadline: float) -> _Plan:
    need_namespace(cluster)
    seen = observe(cluster, config.name)
    kserve = detect_kserve(cluster, seen.service, config.kserve_mode)
    runtime = find_runtime(cluster, config.predictor_runtime)
    body = build_service(config, cluster.namespace, kserve, runtime)
    _need_autoscaling(cluster, config, kserve)
    applied = body["metadata"]["annotations"][APPLIED]
    return _Plan(
        cluster, config, kserve, runtime, body, seen.service, find_predecessor(seen, applied),
        deadline,
    )  # fmt: skip


def _need_autoscaling(cluster: Cluster, config: DeployConfig, kserve: KServe) -> None:
    """Refuse bounds that nothing would move between: the autoscaler lives on metrics."""
    fixed = config.min_replicas == config.max_replicas
    if kserve.mode is Mode.KNATIVE or fixed or cluster.get("/apis/metrics.k8s.io/v1beta1"):
        return
    raise PermanentError(
        "a metrics server on the cluster, for max_replicas above min_replicas",
        "none, so that the number of pods would stay at min_replicas",
        "install metrics-server, or set max_replicas to min_replicas",
    )


def _tell_changed_settings(plan: _Plan, by: Deed) -> None:
    if plan.changed_settings and by is Deed.DEPLOY:
        _log.warning(
            "deploy: changes the service's %s; settings of an earlier deployment are not kept: set "
            "them under [parameters] in viewfinder.toml, or with --set",
            ", ".join(plan.changed_settings),
        )


def _apply(plan: _Plan) -> None:
    if plan.changes:
        _log.info("deploy: applying version %d", plan.config.version_number)
    apply_service(plan.cluster, plan.body, adopt=plan.config.adopt)


def _prove(plan: _Plan, samples: Samples | None, watch: Stopwatch) -> _Proof:
    config, name, first = plan.config, plan.config.name, 0.0
    with watch.phase("rollout"):
        Rollout(
            plan.cluster, name, plan.applied, plan.kserve.mode, config.patience_seconds,
            plan.deadline,
        ).wait()  # fmt: skip
    service = _retried(lambda: read_service(plan.cluster, name), plan.deadline) or {}
    endpoint = endpoint_of(service)
    with watch.phase("answers"), open_route(plan.cluster, service) as route:
        if plan.runtime.reports_version:
            first = need_version(route, config.version_number, plan.deadline)
        if samples is None:
            return _Proof(endpoint, None, first)
        try:
            parity = need_answers(route, samples, config.tolerance)
        except httpx.HTTPError as error:
            raise TransientError(
                "answers to the test photos",
                f"{type(error).__name__}: {error}",
                "run it again",
            ) from error
    return _Proof(endpoint, parity, first)


def _remember(plan: _Plan, by: Deed) -> str:
    """Add the deployment to the service's history; return why not, empty when it was added.

    The service serves: a history that cannot be written does not undo that.
    """
    entry = Entry.now(plan.applied, by)
    before = read_applied(plan.predecessor.body) if plan.predecessor else None
    try:
        _retried(lambda: remember(plan.cluster, plan.config.name, entry, before), plan.deadline)
    except ViewfinderError as error:
        _log.warning("deploy: not recorded in the service's history: %s", error)
        return str(error)
    return ""


def _rolled_back(plan: _Plan, error: ViewfinderError) -> ViewfinderError:
    """Go back to what served, and return the error with what serves now."""
    if not _was_applied(plan):
        return error
    if plan.predecessor is None and not plan.changes:
        sentence = "nothing was changed: the service is as it was before this step"
    else:
        sentence = roll_back(plan.cluster, plan.predecessor, plan.applied, plan.kserve.mode)
    _log.warning("deploy: failed; %s", sentence)
    kind = PermanentError if isinstance(error, PermanentError) else TransientError
    return kind(error.expected, f"{error.received} ({sentence})", error.remedy)


def _was_applied(plan: _Plan) -> bool:
    """Whether the cluster has taken our object; when it cannot be asked, it may have."""
    try:
        return read_applied(read_service(plan.cluster, plan.config.name)) == plan.applied
    except ViewfinderError:
        return True


def _retried(work: Callable[[], T], deadline: float) -> T:
    """Do the work again as long as the cluster does not answer and there is time."""
    while True:
        try:
            return work()
        except TransientError as error:
            if time.monotonic() >= deadline:
                raise
            _log.info("deploy: %s; trying again", error)
            time.sleep(_RETRY_SECONDS)


def _result(plan: _Plan, proof: _Proof, seconds: dict[str, float], unrecorded: str) -> Deployed:
    number, parity = plan.config.version_number, proof.parity
    verb = f"version {number} serves" if plan.changes else f"version {number} served already"
    compared = (
        f"{plural(parity.compared, 'test photo')} answered within "
        f"{parity.max_difference:.1g} of the evaluation"
        if parity
        else "its answers were not compared with the evaluation's"
    )
    summary = f"{verb} at {proof.endpoint} after {sum(seconds.values()):.1f} s; {compared}"
    if changed := ", ".join(plan.changed_settings):
        summary += f"; changed: {changed}"
    if plan.config.min_replicas == 0:
        summary += f"; the first answer took {proof.first_answer_seconds:.1f} s"
    if unrecorded:
        summary += f"; `viewfinder rollback` will not know of it: {unrecorded}"
    scalars = {
        "seconds": round(sum(seconds.values()), 3),
        "first_answer_seconds": round(proof.first_answer_seconds, 3),
        "photos_compared": float(parity.compared if parity else 0),
    }
    if parity:
        scalars["max_difference"] = parity.max_difference
    return Deployed(proof.endpoint, plan.changes, summary, seconds, scalars)


def _record(plan: _Plan, result: Deployed) -> dict[str, Any]:
    """Return `deployment.json`.

    `version` and `predecessor` say what serves and what served before, null when nothing did;
    `kserve` what was found, and what of it may not be read; `applied` is the whole
    InferenceService.
    """
    config = plan.config
    return {
        "schema_version": 1,
        "service": config.name,
        "namespace": plan.cluster.namespace,
        "endpoint": result.endpoint,
        "version": {"number": config.version_number, "uri": config.version_uri},
        "version_confirmed": plan.runtime.reports_version,
        "predecessor": plan.predecessor.description if plan.predecessor else None,
        "changed": result.changed,
        "kserve": {
            "version": ".".join(map(str, plan.kserve.version)),
            "mode": plan.kserve.mode.value,
            "unread": list(plan.kserve.unread),
        },
        "metrics": result.scalars,
        "seconds": result.seconds,
        "applied": plan.body,
    }
