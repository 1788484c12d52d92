"""Follow a run on Kubeflow Pipelines until it ends."""

import time
from dataclasses import dataclass, field

from viewfinder_components.errors import TransientError
from viewfinder_pipelines.events import Event, EventKind, Listener
from viewfinder_pipelines.kubeflow_client import Kubeflow
from viewfinder_pipelines.kubeflow_result import KubeflowRun
from viewfinder_pipelines.record import RunResult, StepResult

_POLL_SECONDS = 2.0
_PATIENCE_SECONDS = 300.0  # how long the API may be away: longer than a node's restart


def follow_run(kubeflow: Kubeflow, run_id: str, listener: Listener) -> RunResult:
    """Wait for a run to end, telling the listener what happens.

    KFP's own wait_for_run_completion is not used: it waits for ever for a run that was canceled.

    Args:
        kubeflow: Where it runs.
        run_id: The run.
        listener: Called with every event and the run so far.

    Returns:
        The run's record. Failure is a state of the record, not an exception.

    Raises:
        PermanentError: There is no such run, or the API refused.
        TransientError: The API was away for five minutes; the run goes on without us.
    """
    run = KubeflowRun(kubeflow, run_id)
    told = Told(listener)
    last_answer = time.monotonic()
    while True:
        try:
            result = run.read()
        except TransientError:
            if time.monotonic() - last_answer > _PATIENCE_SECONDS:
                raise
        else:
            last_answer = time.monotonic()
            told.tell(result)
            if result.state != "running":
                return result
        time.sleep(_POLL_SECONDS)


@dataclass
class Told:
    """What the listener knows.

    Attributes:
        listener: Called with every event and the run so far.
        repeat_seconds: After how long it hears again what a step keeps saying, such as that its
            image cannot be pulled: a log that is silent for longer looks like one that hangs.
    """

    listener: Listener
    repeat_seconds: float = 60.0
    began: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    said: dict[str, tuple[str, float]] = field(default_factory=dict)

    def tell(self, result: RunResult) -> None:
        """Tell the listener what is new in the run."""
        for step in result.steps:
            if step.name not in self.began:
                self.began.add(step.name)
                if step.state != "cached":
                    self._emit("began", step, "", result)
            if step.state != "running" and step.name not in self.ended:
                self.ended.add(step.name)
                kind: EventKind = "failed" if step.state == "interrupted" else step.state
                self._emit(kind, step, "", result)
            elif step.state == "running" and step.summary and self._is_news(step):
                self._emit("said", step, f"{step.name}: {step.summary}", result)

    def _is_news(self, step: StepResult) -> bool:
        """Whether a step says something else, or has said the same for long."""
        text, told = self.said.get(step.name, ("", 0.0))
        if step.summary == text and time.monotonic() - told < self.repeat_seconds:
            return False
        self.said[step.name] = (step.summary, time.monotonic())
        return True

    def _emit(self, kind: EventKind, step: StepResult, text: str, result: RunResult) -> None:
        self.listener(Event(kind, step.name, text), result)
