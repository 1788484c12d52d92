"""The report of a run: a notebook shows one that ends a cell."""

from viewfinder.arguments import checked
from viewfinder.kubeflow import KubeflowPipelines
from viewfinder.tables import find_reader
from viewfinder_pipelines.results.report import Report
from viewfinder_pipelines.runs.record import RunResult

__all__ = ["Report", "read_report"]


@checked
def read_report(result: RunResult, *, kubeflow: KubeflowPipelines | None = None) -> Report:
    """Return a run's report: the decision, the metrics and the mistakes on one page.

    Args:
        result: The run's record.
        kubeflow: As for `read_photos`.

    Raises:
        PermanentError: The run has no report, or the report cannot be read.
        TransientError: The artifact store does not answer.
    """
    from viewfinder_pipelines.results import report

    return report.read_report(result, find_reader(result, kubeflow))
