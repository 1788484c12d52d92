"""The receiver's runs on Kubeflow Pipelines."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from viewfinder_pipelines.kubeflow.client import Kubeflow, connect
from viewfinder_pipelines.kubeflow.paging import list_all
from viewfinder_pipelines.kubeflow.result import FINAL_STATES, KubeflowRun
from viewfinder_pipelines.kubeflow.runner import plan_kubeflow_run, submit_run
from viewfinder_pipelines.kubeflow.submission import find_experiment, name_filter
from viewfinder_pipelines.settings.file import ClusterSettings


class KubeflowRunner:
    """A `Runner` whose runs go on without the receiver.

    Args:
        settings: Which Kubeflow Pipelines, and the pods' settings.
    """

    poll_seconds = 30.0

    def __init__(self, settings: ClusterSettings) -> None:
        self._settings = settings

    @cached_property
    def _kubeflow(self) -> Kubeflow:
        return connect(self._settings.kubeflow)

    def check(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the parameters that a run gets; see `Runner.check`."""
        return plan_kubeflow_run(parameters, self._settings).arguments

    def find(self, name: str) -> str | None:
        """Return the ID of the run of a name; see `Runner.find`."""
        import kfp_server_api

        found = list_all(
            self._kubeflow,
            kfp_server_api.RunServiceApi(self._kubeflow.connection).run_service_list_runs,
            "runs",
            namespace=self._kubeflow.namespace or "",
            experiment_id=find_experiment(self._kubeflow, self._settings.kubeflow),
            filter=name_filter(name),
        )
        return str(found[0].run_id) if found else None

    def start(self, name: str, parameters: Mapping[str, Any]) -> str:
        """Submit a run; see `Runner.start`."""
        plan = plan_kubeflow_run(parameters, self._settings)
        return submit_run(self._kubeflow, replace(plan, name=name))

    def recover(self, run_id: str) -> None:
        """Do nothing: the run went on."""

    def read(self, run_id: str) -> str:
        """Return a run's state; see `Runner.read`."""
        run = self._kubeflow.call(self._kubeflow.client.get_run, run_id)
        if str(run.state) not in FINAL_STATES:
            return "running"
        return KubeflowRun(self._kubeflow, run_id).read().state  # with the gate's decision

    def close(self) -> None:
        """Do nothing: runs go on without the receiver."""
