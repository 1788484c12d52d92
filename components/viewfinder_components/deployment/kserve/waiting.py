"""Wait until the new pods serve, or until it is known why they will not."""

import logging
import time
from dataclasses import dataclass, field

from viewfinder_components.deployment.kserve.applied import read_applied
from viewfinder_components.deployment.kserve.apply import deleted_error
from viewfinder_components.deployment.kserve.kserve_version import Mode
from viewfinder_components.deployment.kserve.observation.conditions import describe_service
from viewfinder_components.deployment.kserve.observation.diagnosis import Diagnosis, diagnose
from viewfinder_components.deployment.kserve.observation.observe import Observation, observe
from viewfinder_components.deployment.kserve.observation.progress import measure_progress
from viewfinder_components.deployment.kserve.service import VERSION
from viewfinder_components.deployment.kubernetes.cluster import Cluster
from viewfinder_components.deployment.target import SupersededError
from viewfinder_components.errors import TransientError, ViewfinderError
from viewfinder_components.spelling import spell

_log = logging.getLogger(__name__)

_POLL_SECONDS = 1.0
# One reading may mix old and new: the objects are read one after the other.
_CONFIRM_SECONDS = 3.0


@dataclass(frozen=True)
class Waiting:
    """One deployment in progress."""

    cluster: Cluster
    name: str
    """The InferenceService."""
    applied: str
    """What was applied; see `service.APPLIED`."""
    mode: Mode
    patience_seconds: float
    """How long to wait for problems that may pass by themselves."""
    deadline: float
    """On the monotonic clock, in seconds."""
    _since: dict[str, float] = field(default_factory=dict)

    def wait(self) -> None:
        """Wait until the new pods serve, and nothing else does.

        Meanwhile the API server or KServe's controller may be unavailable, and pods may be killed.

        Raises:
            PermanentError: Waiting will not fix the problem, the service was deleted, or somebody
                else has deployed (then a SupersededError).
            TransientError: Time ran out.
        """
        said = ("", "")
        while True:
            waits_for, diagnosis = self._look()
            if not waits_for:
                return
            # A problem's details change every time, for example the time until the next retry.
            if (news := (waits_for, diagnosis.error.expected if diagnosis else "")) != said:
                _log.info("deploy: waiting for %s%s", waits_for, _describe(diagnosis))
                said = news
            if self._lasted(diagnosis) and diagnosis is not None:
                raise diagnosis.with_log(self._read_log(diagnosis))
            if time.monotonic() >= self.deadline:
                raise self._time_out(waits_for, diagnosis)
            time.sleep(_POLL_SECONDS)

    def _look(self) -> tuple[str, Diagnosis | None]:
        """Return what is still waited for, empty if nothing is, and what is wrong."""
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
        if not seen.service:  # nobody else would bring it back as this run applied it
            raise deleted_error(self.name)
        if read_applied(seen.service) != self.applied:
            version = seen.service["metadata"].get("annotations", {}).get(VERSION)
            raise SupersededError(
                f"InferenceService {self.name} to stay as this run applied it",
                f"another deployment, made meanwhile, of version {version or '(none)'}",
                "try again if this version is to serve",
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
        """Return the end of the container's last log; it only adds detail, so it may be missing."""
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
            f"allow more time ({spell('deploy_timeout_seconds', 'SECONDS')}; a rollback has "
            f"{spell('timeout_seconds')}), or see kubectl describe inferenceservice, and whether "
            "KServe's controller runs",
        )

    def _explain_waiting(self) -> str:
        """Return the conditions and Kubernetes' last warning about the service's pods."""
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
    """Describe what is currently wrong, empty if no problem is known."""
    return f": {diagnosis.error.received}; {diagnosis.error.remedy}" if diagnosis else ""
