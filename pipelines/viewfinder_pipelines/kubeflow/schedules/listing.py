"""Which schedules there are of our pipelines; other pipelines may have some as well."""

from collections.abc import Collection, Sequence
from typing import Any

from viewfinder_components.errors import PermanentError
from viewfinder_components.spelling import write_command
from viewfinder_pipelines.kubeflow.client import Kubeflow
from viewfinder_pipelines.kubeflow.paging import list_all
from viewfinder_pipelines.kubeflow.schedules.schedule import Schedule, read_schedule
from viewfinder_pipelines.kubeflow.submission import find_pipeline_id, name_filter
from viewfinder_pipelines.pipeline.registry import PIPELINES


def list_schedules(kubeflow: Kubeflow, name: str | None = None) -> list[Schedule]:
    """Return the recurring runs of our pipelines, or those with a given name."""
    ids = {found for one in PIPELINES if (found := find_pipeline_id(kubeflow, one))}
    return list_schedules_of(kubeflow, ids, name)


def list_schedules_of(
    kubeflow: Kubeflow, pipeline_ids: Collection[str], name: str | None = None
) -> list[Schedule]:
    """Return the recurring runs of some pipelines, or those with a given name."""
    import kfp_server_api

    # KFP's client has the same method, and prints addresses of its own.
    api = kfp_server_api.RecurringRunServiceApi(kubeflow.connection)
    found = list_all(
        kubeflow,
        api.recurring_run_service_list_recurring_runs,
        "recurring_runs",
        namespace=kubeflow.namespace or "",
        filter="" if name is None else name_filter(name),
    )
    return [read_schedule(run) for run in found if _find_pipeline_of(run) in pipeline_ids]


def find_schedules(kubeflow: Kubeflow, name: str) -> Sequence[Schedule]:
    """Return the recurring runs named `name`, at least one.

    Raises:
        PermanentError: There is none.
    """
    found = list_schedules(kubeflow, name)
    if not found:
        raise PermanentError(
            "the name of a schedule of Viewfinder's pipelines",
            repr(name),
            f"list them with `{write_command('schedule', 'list')}`",
        )
    return found


def _find_pipeline_of(run: Any) -> str | None:
    """Return the pipeline's id; a recurring run of others may have a specification of its own."""
    reference = run.pipeline_version_reference
    return reference.pipeline_id if reference else None
