"""A step and its pods, as an Argo workflow has them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from viewfinder_pipelines.runs.record import ArtifactRecord, StepState

# Messages of Argo and the kubelet about a pod that they end because the run's time is over.
_OVERDUE = ("Step exceeded its deadline", "longer than the specified deadline")


@dataclass(frozen=True)
class Pod:
    """One pod of a run.

    Attributes:
        name: Its name.
        state: How it ended.
        began: When Argo created it; None if it has not.
        ended: When Argo saw it end; None if it has not.
        message: What Argo reports about a failure, or why it has not started.
        waits: Whether it has not started.
        has_log: Whether Argo has kept its log.
    """

    name: str
    state: StepState
    began: datetime | None
    ended: datetime | None
    message: str
    waits: bool = False
    has_log: bool = False


@dataclass(frozen=True)
class WorkflowStep:
    """A step of the pipeline, from the workflow.

    Attributes:
        name: The step's name in the pipeline, with the iteration's number in a loop: `train[0]`.
        state: How it ended, or `running`.
        driver: KFP's pod that prepares the step, or finds it in the cache.
        pods: The step's own pods, one per attempt; none for a cached step.
        artifacts: Where its artifacts go, by name, as set by its driver; without metadata.
        image: The image of its pods, as set by its driver; empty before that.
        is_skipped: Whether its driver found that its condition is not met.
        origin: For a cached step, a run whose step of the same name has the same outputs; empty
            if none is known.
    """

    name: str
    state: StepState
    driver: Pod
    pods: tuple[Pod, ...]
    artifacts: Mapping[str, ArtifactRecord] = field(default_factory=dict)
    image: str = ""
    is_skipped: bool = False
    origin: str = ""

    @property
    def task(self) -> str:
        """Its name in the pipeline, without an iteration's number."""
        return self.name.partition("[")[0]

    @property
    def began(self) -> datetime | None:
        """When the step's driver began."""
        return self.driver.began

    @property
    def ended(self) -> datetime | None:
        """When its last pod ended."""
        return self.pods[-1].ended if self.pods else self.driver.ended

    @property
    def pod(self) -> Pod:
        """The newest pod: the last attempt, or the driver before there is one."""
        return self.pods[-1] if self.pods else self.driver

    @property
    def failure(self) -> str:
        """Argo's message about the pod that failed."""
        failed = [pod for pod in (self.driver, *self.pods) if pod.state == "failed"]
        return failed[-1].message if failed else ""

    @property
    def is_overdue(self) -> bool:
        """Whether it was ended because the run's time was over."""
        return any(words in self.failure for words in _OVERDUE)
