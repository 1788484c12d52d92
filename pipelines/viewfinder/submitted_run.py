"""A run on Kubeflow Pipelines: followed, read again, and ended."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from viewfinder.arguments import checked
from viewfinder_components.errors import UsageError
from viewfinder_pipelines.runs.events import Listener
from viewfinder_pipelines.runs.record import RunResult

if TYPE_CHECKING:
    from viewfinder.kubeflow import KubeflowPipelines

__all__ = ["SubmittedRun"]


@dataclass(frozen=True)
class SubmittedRun:
    """A run that Kubeflow Pipelines has accepted."""

    run_id: str
    """Kubeflow Pipelines' id of the run."""
    install: "KubeflowPipelines" = field(repr=False)
    """Where it runs."""
    beginning: str = field(default="", repr=False)
    """What it was found by, where that is only the beginning of its id."""

    @property
    def page(self) -> str:
        """Where to see the run in a browser, or what is needed to know that."""
        kubeflow = self.install._connection
        return kubeflow.run_page(self.run_id) or (
            f"{kubeflow.host} (the API; set KFP_UI_HOST to the UI's address for a link that "
            "opens in a browser)"
        )

    @checked
    def follow(self, *, listener: Listener | None = None) -> RunResult:
        """Wait for the run's end; an interruption of the wait leaves the run going.

        Args:
            listener: Called with each event and the run so far; None shows the steps as they run,
                and how the run ended.

        Raises:
            PermanentError: There is no such run, or Kubeflow Pipelines refuses.
            TransientError: Kubeflow Pipelines did not answer for minutes; the run continues.
        """
        from viewfinder.display import show_run
        from viewfinder_pipelines.kubeflow.runner import follow_submitted

        patience = self.install._known.kubeflow.start_patience_seconds
        kubeflow = self.install._connection
        return show_run(
            lambda hear: follow_submitted(kubeflow, self.run_id, hear, patience), listener
        )

    def load(self) -> RunResult:
        """Return the run's record as it is now, and keep it on this machine.

        Raises:
            PermanentError: There is no such run, or access is denied.
            TransientError: Kubeflow Pipelines does not answer.
        """
        return self.install.read_run(self.run_id)

    def terminate(self) -> None:
        """End the run; what it has published stays.

        Raises:
            UsageError: It was found by the beginning of its id, which may be another run's as well.
            PermanentError: There is no such run, it has ended, or Kubeflow Pipelines refuses.
            TransientError: Kubeflow Pipelines does not answer.
        """
        from viewfinder_pipelines.kubeflow.runner import terminate_run

        if self.beginning:  # of the runs that Kubeflow has, only those known here were compared
            raise UsageError(
                "a run's whole id, because a run that was terminated cannot go on",
                f"{self.beginning!r}, with which {self.run_id} begins",
                f'if that is the run, write find_run("{self.run_id}").terminate()',
            )
        terminate_run(self.install._connection, self.run_id)
