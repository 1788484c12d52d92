"""Wait until the new pods serve, or until it is known why they will not."""

import logging
import time
from dataclasses import dataclass, field

from viewfinder_components.deployment.apply import read_applied
from viewfinder_components.deployment.cluster import Cluster
from viewfinder_components.deployment.conditions import describe_service
from viewfinder_components.deployment.diagnosis import Diagnosis, diagnose
from viewfinder_components.deployment.kserve_version import Mode
from viewfinder_components.deployment.observation import (
    Observation,
    measure_progress,
    observe,
)
from viewfinder_components.deployment.service import VERSION
from viewfinder_components.errors import PermanentError, TransientError, ViewfinderError

_log = logging.getLogger(__name__)

_POLL_SECONDS = 1.0
# One reading may mix old and new: the objects are read one after the other.
_CONFIRM_SECONDS = 3.0


class SupersededError(PermanentError):
    """Somebody else deployed to the same service meanwhile: it is theirs to finish."""


@dataclass(frozen=True)
class Rollout:
    """One deployment that is on its way."""

    cluster: Cluster
    name: str
    """The InferenceService."""
    applied: str
    """What was applied; see `service.APPLIED`."""
    mode: Mode
    patience_seconds: float
    """How long to wait for what may pass by itself."""
    deadline: float
    """On the monotonic clock, in seconds."""
    _since: dict[str, float] = field(default_factory=dict)

    def wait(self) -> None:
        """Wait until the new pods serve, and nothing else does.

        The API server may be away meanwhile, and KServe's controller, and pods may be killed.

        Raises:
            PermanentError: Something is wrong that waiting does not mend, or somebody else
                deployed to the service (then a SupersededError).
            TransientError: Time is up.
        """
        said = ("", "")
        while True:
            waits_for, diagnosis = self._look()
            if not waits_for:
                return
            # A problem's details change with every look, as the time until the next try does.
            if (news := (waits_for, diagnosis.error.expected if diagnosis else "")) != said:
                _log.info("deploy: waiting for %s%s", waits_for, _describe(diagnosis))
                said = news
            if self._lasted(diagnosis) and diagnosis is not None:
                raise diagnosis.with_log(self._read_log(diagnosis))
            if time.monotonic() >= self.deadline:
                raise self._time_out(waits_for, diagnosis)
            time.sleep(_POLL_SECONDS)

    def _look(self) -> tuple[str, Diagnosis | None]:
        """Return what is still waited for, empty when nothing is, and what is wrong."""
        try:
            seen = observe(self.cluster, self.name)
        except TransientError as error:
            return f"{error.expected} ({error.received})", None
        self._need_ours(seen)
        progress = measure_progress(seen, self.applied, self.mode)
        if progress.done:
            return "", None
        diagnosis = diagnose(seen, self.applied)
        detail = f": {progress.detail}" if progress.detail and not diagnosis else ""
        return progress.sentence + detail, diagnosis

    def _need_ours(self, seen: Observation) -> None:
        if seen.service and read_applied(seen.service) != self.applied:
            version = seen.service["metadata"].get("annotations", {}).get(VERSION)
            raise SupersededError(
                f"InferenceService {self.name} to stay as this run applied it",
                f"another deployment that came meanwhile, of version {version or '(none)'}",
                "run it again if this version shall serve",
            )

    def _lasted(self, diagnosis: Diagnosis | None) -> bool:
        if diagnosis is None:
            self._since.clear()
            return False
        now, kind = time.monotonic(), diagnosis.error.expected
        for other in self._since.keys() - {kind}:
            del self._since[other]
        lasted = now - self._since.setdefault(kind, now)
        return lasted >= (self.patience_seconds if diagnosis.waits else _CONFIRM_SECONDS)

    def _read_log(self, diagnosis: Diagnosis) -> str:
        """Return the end of the container's last log; it is only a help, so it may be missing."""
        if not diagnosis.pod:
            return ""
        path = self.cluster.path("/api/v1", "pods", f"{diagnosis.pod}") + "/log"
        query = {"container": diagnosis.container, "tailLines": "20"}
        try:
            return self.cluster.text(path, **query) or self.cluster.text(
                path, **query, previous="true"
            )
        except ViewfinderError as error:
            return f"(no log: {error.received})"

    def _time_out(self, waits_for: str, diagnosis: Diagnosis | None) -> ViewfinderError:
        if diagnosis is not None:
            return diagnosis.with_log(self._read_log(diagnosis))
        return TransientError(
            "the new version to serve in time",
            f"still waiting for {waits_for}{self._explain_waiting()}",
            "allow more time (--set deploy_timeout_seconds=SECONDS; `viewfinder rollback` has "
            "--timeout), or see kubectl describe inferenceservice, and whether KServe's controller "
            "runs",
        )

    def _explain_waiting(self) -> str:
        """Return the conditions and the last warning that Kubernetes has for the service's pods."""
        try:
            seen = observe(self.cluster, self.name)
            names = {pod["metadata"]["name"] for pod in seen.new_pods(self.applied)}
            events = self.cluster.list(
                self.cluster.path("/api/v1", "events"), fieldSelector="type=Warning"
            )
        except ViewfinderError:
            return ""
        ours = [e.get("message", "") for e in events if e["involvedObject"].get("name") in names]
        return f"; {describe_service(seen.service)}" + (f"; {ours[-1]}" if ours else "")


def _describe(diagnosis: Diagnosis | None) -> str:
    """Say what is wrong at the moment, empty when nothing is known to be."""
    return f": {diagnosis.error.received}; {diagnosis.error.remedy}" if diagnosis else ""
