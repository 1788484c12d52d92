"""Runs and schedules on Kubeflow Pipelines."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viewfinder.arguments import check_fields, checked, merge
from viewfinder.submitted_run import SubmittedRun
from viewfinder_pipelines.kubeflow.schedules.schedule import (
    NO_OVERLAP,
    Schedule,
    describe_schedule,
)
from viewfinder_pipelines.pipeline.definition import PipelineDefinition
from viewfinder_pipelines.pipeline.registry import TRAINING
from viewfinder_pipelines.runs.record import RunResult
from viewfinder_pipelines.runs.run_id import complete_run_id, refuse_local_run
from viewfinder_pipelines.settings.environment import Settings
from viewfinder_pipelines.settings.file import ClusterSettings, read_settings

if TYPE_CHECKING:
    from viewfinder_pipelines.kubeflow.client import Kubeflow
    from viewfinder_pipelines.kubeflow.runner import KubeflowPlan

__all__ = ["NO_OVERLAP", "KubeflowPipelines", "Schedule", "SubmittedRun", "describe_schedule"]


@dataclass(frozen=True)
class KubeflowPipelines:
    """An installation of Kubeflow Pipelines, and the settings of its runs' pods.

    Settings that are not given are read from the settings file. The first call that needs the
    installation connects to it.

    Raises:
        PermanentError: The settings file is missing or wrong.
    """

    host: str | None = None
    """The address of the API or of the UI; empty inside a cluster, or for the kubeconfig's."""
    namespace: str | None = None
    """Your profile's namespace; empty where there are no profiles."""
    experiment: str | None = None
    """The experiment of the runs."""
    cache: bool | None = None
    """Whether steps are skipped if their parameters and inputs, photos included, are the same."""
    settings: str | Path | None = None
    """The settings file; None for `viewfinder.toml` in the working directory, if there is one."""

    def __post_init__(self) -> None:
        check_fields(self)
        _ = self._known  # a wrong settings file is reported before anything is done

    @checked
    def submit(
        self,
        data: str | Path | None = None,
        *,
        pipeline: PipelineDefinition = TRAINING,
        parameters: Mapping[str, Any] | None = None,
        **named: Any,
    ) -> SubmittedRun:
        """Start a run and return at once.

        Args:
            data: The photos, in a place that the pods can read; omit it for a pipeline without
                this parameter.
            pipeline: The pipeline to run: the training pipeline, or your own.
            parameters: The pipeline's other parameters, by name; they take precedence over the
                settings file. A parameter of your own pipeline that has the name of an argument
                goes here.
            named: The same parameters as keyword arguments.

        Raises:
            UsageError: A parameter is missing, unknown, out of its range, or names a place that the
                pods cannot see.
            PermanentError: No image is named, access is denied, or Kubeflow Pipelines refuses.
            TransientError: Kubeflow Pipelines does not answer.
        """
        from viewfinder_pipelines.kubeflow.runner import plan_kubeflow_run

        given = merge(parameters, named if data is None else {"data": data, **named})
        return self._start(plan_kubeflow_run(given, self._known, pipeline))

    @checked
    def deploy(
        self,
        model_version: str | Path,
        *,
        parameters: Mapping[str, Any] | None = None,
        **named: Any,
    ) -> SubmittedRun:
        """Start a run of the deployment pipeline, which puts a published version behind KServe.

        Args:
            model_version: `MODEL`, `MODEL/NUMBER`, or a URI of a model root followed by either.
            parameters: The pipeline's other parameters, by name.
            named: The same parameters as keyword arguments.

        Raises:
            UsageError: A parameter is unknown or out of its range.
            PermanentError: No image is named, access is denied, or Kubeflow Pipelines refuses.
            TransientError: Kubeflow Pipelines does not answer.
        """
        from viewfinder_components.storage.version_name import VersionName
        from viewfinder_pipelines.deployments.deploying import plan_kubeflow_deployment
        from viewfinder_pipelines.deployments.request import gather_parameters

        given = gather_parameters(
            VersionName.parse(str(model_version)), merge(parameters, named), self._known
        )
        return self._start(plan_kubeflow_deployment(given, self._known))

    @checked
    def find_run(self, run_id: str) -> SubmittedRun:
        """Return a run, to follow or terminate it; whether it exists is checked then.

        Args:
            run_id: Kubeflow Pipelines' id of the run; to read or follow it, an unambiguous
                beginning of the id is enough if this machine knows the run.

        Raises:
            PermanentError: The ids of several known runs begin so, or the run is a local one.
        """
        whole = complete_run_id(Settings().runs, run_id)
        refuse_local_run(Settings().runs, whole)
        return SubmittedRun(whole, self, "" if whole == run_id else run_id)

    @checked
    def read_run(self, run_id: str, *, home: str | Path | None = None) -> RunResult:
        """Return the record of a run as it is now, and keep it on this machine.

        Args:
            run_id: Kubeflow Pipelines' id of the run.
            home: Where runs are kept, as for `viewfinder.run`.

        Raises:
            PermanentError: There is no such run, or access is denied.
            TransientError: Kubeflow Pipelines does not answer.
        """
        from viewfinder_pipelines.kubeflow.runner import find_kubeflow_run

        return find_kubeflow_run(run_id, self._known.kubeflow, Settings.at(home))

    @checked
    def read_artifact(self, uri: str) -> bytes:
        """Return the content of a file that a run has left in the artifact store.

        The file is read through the UI, where its address is known, or from the store with the
        credentials in the environment.

        Args:
            uri: An artifact's URI, followed by the file's name where the artifact is a folder.

        Raises:
            PermanentError: There is no such file, access is denied, or the store cannot be reached.
            TransientError: The UI or the store does not answer.
        """
        from viewfinder_pipelines.kubeflow.artifacts import read_artifact

        return read_artifact(self._connection, uri, self._connection.namespace or "")

    @checked
    def set_schedule(
        self,
        name: str,
        *,
        cron: str | None = None,
        every: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        **named: Any,
    ) -> tuple[Schedule, bool]:
        """Create or change a schedule of the training pipeline; repeating it changes nothing.

        Args:
            name: The schedule's name.
            cron: Minute, hour, day, month and weekday, such as `0 3 * * *`.
            every: An interval instead, such as `6h`.
            parameters: The pipeline's parameters, as for `submit`.
            named: The same parameters as keyword arguments.

        Returns:
            The schedule, and whether anything had to change.

        Raises:
            UsageError: Not exactly one of `cron` and `every`, or a wrong parameter.
            PermanentError: Access is denied, or Kubeflow Pipelines refuses.
            TransientError: Kubeflow Pipelines does not answer.
        """
        from viewfinder_pipelines.kubeflow.runner import plan_kubeflow_run
        from viewfinder_pipelines.kubeflow.schedules.setting import set_schedule
        from viewfinder_pipelines.kubeflow.schedules.trigger import Trigger
        from viewfinder_pipelines.kubeflow.submission import upload_pipeline

        trigger = Trigger.parse(cron, every)
        known = self._known
        plan = plan_kubeflow_run(merge(parameters, named), known)
        version = upload_pipeline(self._connection, known.platform, known.kubeflow.cache)
        return set_schedule(
            self._connection, known.kubeflow, name, trigger, version, plan.arguments
        )

    def list_schedules(self) -> list[Schedule]:
        """Return the schedules of Viewfinder's pipelines; other pipelines' are left alone.

        Raises:
            PermanentError: Access is denied.
            TransientError: Kubeflow Pipelines does not answer.
        """
        from viewfinder_pipelines.kubeflow.schedules.listing import list_schedules

        return list_schedules(self._connection)

    @checked
    def enable_schedule(self, name: str, enabled: bool = True) -> None:
        """Have a schedule start runs again, or stop it from doing so.

        Args:
            name: The schedule's name.
            enabled: Whether it starts runs.

        Raises:
            PermanentError: There is no such schedule, or access is denied.
            TransientError: Kubeflow Pipelines does not answer.
        """
        from viewfinder_pipelines.kubeflow.schedules.listing import find_schedules
        from viewfinder_pipelines.kubeflow.schedules.retirement import enable_schedule

        for one in find_schedules(self._connection, name):
            enable_schedule(self._connection, one, enabled)

    @checked
    def delete_schedule(self, name: str) -> None:
        """Delete a schedule; finished runs stay.

        Args:
            name: The schedule's name.

        Raises:
            PermanentError: There is no such schedule, or access is denied.
            TransientError: A run of it is active, and the schedule only disabled; or Kubeflow
                Pipelines does not answer.
        """
        from viewfinder_pipelines.kubeflow.schedules.retirement import delete_schedules

        delete_schedules(self._connection, name)

    @checked
    def with_default_host(self, host: str) -> "KubeflowPipelines":
        """Return the installation at an address, unless another is named anywhere.

        Args:
            host: The address.
        """
        known = self._known.kubeflow.host or "KFP_HOST" in os.environ
        return self if known or self.host is not None else replace(self, host=host)

    @checked
    def with_default_namespace(self, namespace: str) -> "KubeflowPipelines":
        """Return the installation with a profile's namespace, unless another is named anywhere.

        Args:
            namespace: The namespace.
        """
        named = self._known.kubeflow.namespace or self.namespace is not None
        return self if named else replace(self, namespace=namespace)

    @cached_property
    def _known(self) -> ClusterSettings:
        filed = read_settings(self.settings)
        named = {
            "host": self.host,
            "namespace": self.namespace,
            "experiment": self.experiment,
            "cache": self.cache,
        }
        given: Mapping[str, Any] = {k: v for k, v in named.items() if v is not None}
        return replace(filed, kubeflow=replace(filed.kubeflow, **given))

    @cached_property
    def _connection(self) -> "Kubeflow":
        from viewfinder_pipelines.kubeflow.client import connect

        return connect(self._known.kubeflow)

    def _start(self, plan: "KubeflowPlan") -> SubmittedRun:
        from viewfinder_pipelines.kubeflow.runner import submit_run

        return SubmittedRun(submit_run(self._connection, plan), self)
