"""Follow a run on Kubeflow Pipelines until it ends."""

import time
from dataclasses import dataclass, field, replace

from viewfinder_components.errors import PermanentError, TransientError
from viewfinder_pipelines.kubeflow.client import Kubeflow
from viewfinder_pipelines.kubeflow.record_merging import merge_readings
from viewfinder_pipelines.kubeflow.result import KubeflowRun
from viewfinder_pipelines.runs.events import Event, EventKind, Listener
from viewfinder_pipelines.runs.record import RunError, RunResult, StepResult

_POLL_SECONDS = 2.0
_PATIENCE_SECONDS = 300.0  # how long the API may be unavailable: longer than a node's restart


def follow_run(
    kubeflow: Kubeflow, run_id: str, listener: Listener, start_patience: float
) -> RunResult:
    """Wait for a run to end, reporting events to the listener.

    KFP's own wait_for_run_completion is not used: it waits forever for a canceled run.

    Args:
        kubeflow: Where it runs.
        run_id: The run.
        listener: Called with every event and the run so far.
        start_patience: Seconds that a pod may wait to start before the run is ended.

    Returns:
        The run's record. Failure is a state of the record, not an exception.

    Raises:
        PermanentError: There is no such run, or the API refused.
        TransientError: The API was unavailable for five minutes; the run goes on without us.
    """
    run = KubeflowRun(kubeflow, run_id)
    announcer = Announcer(listener)
    patience = Patience(start_patience)
    last_answer = time.monotonic()
    before: RunResult | None = None
    while True:
        try:
            result = run.read()
            if overdue := patience.find_overdue(result):
                result = _terminate(kubeflow, run, run_id)
                patience.given_up = overdue
        except TransientError:
            if time.monotonic() - last_answer > _PATIENCE_SECONDS:
                raise
        else:
            last_answer = time.monotonic()
            # The reason why a pod has not started is only available while it waits.
            result = before = merge_readings(before, result) if before else result
            announcer.tell(result)
            if result.state != "running":
                return patience.judge(result)
        time.sleep(_POLL_SECONDS)


def _terminate(kubeflow: Kubeflow, run: KubeflowRun, run_id: str) -> RunResult:
    """End a run and return its state after that.

    Raises:
        PermanentError: Kubeflow Pipelines refused, although the run is still in progress.
        TransientError: The API is currently unavailable.
    """
    try:
        kubeflow.call(kubeflow.client.terminate_run, run_id)
    except PermanentError:
        result = run.read()
        if result.state == "running":
            raise
        return result
    return run.read()


@dataclass
class Patience:
    """How long pods have waited to start, and whether the run was ended because of it.

    Attributes:
        seconds: How long one may wait.
        given_up: The step for which the run was ended; None if it was not.
    """

    seconds: float
    given_up: StepResult | None = None
    _since: dict[str, float] = field(default_factory=dict)

    def find_overdue(self, result: RunResult) -> StepResult | None:
        """Return a step that has waited too long; None once the run was ended because of one."""
        now = time.monotonic()
        waiting = [step for step in result.steps if step.waiting and step.state == "running"]
        self._since = {step.name: self._since.get(step.name, now) for step in waiting}
        if self.given_up is not None:
            return None
        return next((s for s in waiting if now - self._since[s.name] > self.seconds), None)

    def judge(self, result: RunResult) -> RunResult:
        """Return an ended run; if it was ended because a pod did not start, it has failed."""
        step = self.given_up
        if step is None or result.state in ("succeeded", "refused"):
            return result  # the pod did start, and the run finished first
        message = f"{step.waiting} (the run was ended after {self.seconds:.0f} s of waiting)"
        steps = tuple(
            replace(one, waiting=step.waiting) if one.name == step.name else one
            for one in result.steps
        )
        error = RunError(step=step.name, message=message, retryable=False, log_tail=())
        return replace(result, state="failed", steps=steps, error=error)


@dataclass
class Announcer:
    """The listener's state.

    Attributes:
        listener: Called with every event and the run so far.
        repeat_seconds: After how long it hears the same message of a step again: a log that is
            silent for longer looks like one that hangs.
    """

    listener: Listener
    repeat_seconds: float = 60.0
    began: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    said: dict[str, tuple[str, float]] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)

    def tell(self, result: RunResult) -> None:
        """Report to the listener what is new in the run."""
        self.waiting &= {step.name for step in result.steps if step.waiting}
        for step in result.steps:
            if step.name not in self.began:
                self.began.add(step.name)
                if step.state != "cached":
                    self._emit("began", step, "", result)
            if step.state != "running" and step.name not in self.ended:
                self.ended.add(step.name)
                kind: EventKind = "failed" if step.state == "interrupted" else step.state
                self._emit(kind, step, "", result)
            elif step.state == "running" and step.waiting:
                self._tell_waiting(step, result)
            elif step.state == "running" and step.summary and self._is_news(step):
                self._emit("said", step, f"{step.name}: {step.summary}", result)

    def _tell_waiting(self, step: StepResult, result: RunResult) -> None:
        """Report once why a step's pod does not start, and then occasionally that it waits.

        Kubernetes words the same reason differently each time.
        """
        if step.name not in self.waiting:
            self.waiting.add(step.name)
            self._emit("waits", step, step.waiting, result)
        waits = replace(step, summary="its pod has not started")
        if self._is_news(waits):
            self._emit("said", step, f"{step.name}: {waits.summary}", result)

    def _is_news(self, step: StepResult) -> bool:
        """Whether a step's message is new, or was last reported long ago."""
        text, told = self.said.get(step.name, ("", 0.0))
        if step.summary == text and time.monotonic() - told < self.repeat_seconds:
            return False
        self.said[step.name] = (step.summary, time.monotonic())
        return True

    def _emit(self, kind: EventKind, step: StepResult, text: str, result: RunResult) -> None:
        self.listener(Event(kind, step.name, text), result)
