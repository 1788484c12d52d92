"""Plan a run on Kubeflow Pipelines, submit it, follow it, find it again."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from viewfinder_components.errors import PermanentError
from viewfinder_components.image import PREDICTOR_IMAGE, STEPS_IMAGE
from viewfinder_components.storage.pvc import PVC
from viewfinder_pipelines.compiling import parse_assignment, with_defaults
from viewfinder_pipelines.events import Listener
from viewfinder_pipelines.following import follow_run
from viewfinder_pipelines.kubeflow_client import Kubeflow, connect
from viewfinder_pipelines.kubeflow_result import KubeflowRun
from viewfinder_pipelines.parameters import check_parameters
from viewfinder_pipelines.platform import PlatformSettings
from viewfinder_pipelines.record import RunResult
from viewfinder_pipelines.record_merging import merge_readings
from viewfinder_pipelines.settings import Settings
from viewfinder_pipelines.settings_file import ClusterSettings, KubeflowSettings
from viewfinder_pipelines.submission import RUN_ID, submit, upload_pipeline

_IN_REACH = ("gs://", "s3://", "minio://", "pvc://", "package://")


@dataclass(frozen=True)
class KubeflowPlan:
    """A run that may be submitted.

    Attributes:
        arguments: The pipeline parameters that are given.
        settings: Which Kubeflow, and what the pods get.
        name: The run's name in the UI.
    """

    arguments: Mapping[str, Any]
    settings: ClusterSettings
    name: str


@dataclass(frozen=True)
class SubmittedRun:
    """A run that Kubeflow Pipelines has taken on.

    Attributes:
        kubeflow: Where it runs.
        run_id: Kubeflow Pipelines' id of the run.
    """

    kubeflow: Kubeflow
    run_id: str

    @property
    def page(self) -> str:
        """Where to see the run in a browser, or what is needed to know that."""
        page = self.kubeflow.run_page(self.run_id)
        return page or (
            f"{self.kubeflow.host} (the API; set KFP_UI_HOST to the UI's address for a link that "
            "opens in a browser)"
        )


def plan_kubeflow_run(
    options: Mapping[str, Any], assignments: Sequence[str], settings: ClusterSettings
) -> KubeflowPlan:
    """Plan a run on Kubeflow Pipelines.

    Args:
        options: Pipeline parameters by name.
        assignments: More parameters as `key=value`; they win over `options`, which win over the
            settings file's.
        settings: Which Kubeflow, and what the pods get.

    Raises:
        PermanentError: A parameter is missing, unknown, of the wrong type, or names a place that
            the pods cannot see.
    """
    given = [f"{key}={value}" for key, value in settings.parameters.items()]
    arguments = {
        **dict(map(parse_assignment, given)),
        **options,
        **dict(map(parse_assignment, assignments)),
    }
    for name in ("data", "model_root"):
        _require_reach(name, str(arguments.get(name, "")), settings.platform)
    arguments["data"] = _mounted(str(arguments["data"]), settings.platform)
    check_parameters(with_defaults(arguments))
    _require_images(settings.platform)
    model = arguments.get("model_name", with_defaults({})["model_name"])
    name = f"{model} {datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    return KubeflowPlan({"run_id": RUN_ID, **arguments}, settings, name)


def submit_run(plan: KubeflowPlan) -> SubmittedRun:
    """Upload the pipeline if it is new, and start a run of it.

    Raises:
        PermanentError: Not allowed in, or the API refused.
        TransientError: The API is not there at the moment.
    """
    settings = plan.settings.kubeflow
    kubeflow = connect(settings)
    version = upload_pipeline(kubeflow, plan.settings.platform, settings.cache)
    return SubmittedRun(kubeflow, submit(kubeflow, settings, version, plan.arguments, plan.name))


def follow_submitted(
    run: SubmittedRun,
    listener: Listener,
    start_patience: float,
    settings: Settings | None = None,
) -> RunResult:
    """Follow a run to its end and keep its record on this machine as well.

    Args:
        run: The run.
        listener: Called with every event and the run so far.
        start_patience: Seconds that a pod may wait to start before the run is ended.
        settings: Where this machine keeps runs.

    Raises:
        PermanentError: There is no such run, or the API refused.
        TransientError: The API was away for too long; the run goes on without us.
    """
    return _keep(follow_run(run.kubeflow, run.run_id, listener, start_patience), settings)


def find_kubeflow_run(
    run_id: str, kubeflow_settings: KubeflowSettings, settings: Settings | None = None
) -> RunResult:
    """Read a run from Kubeflow Pipelines as it is now, and keep its record on this machine.

    Raises:
        PermanentError: There is no such run, or not allowed in.
        TransientError: The API is not there at the moment.
    """
    return _keep(KubeflowRun(connect(kubeflow_settings), run_id).read(), settings)


def terminate_run(kubeflow: Kubeflow, run_id: str, settings: Settings | None = None) -> None:
    """End a run; what is known of it, such as why a pod has not started, is kept before.

    Raises:
        PermanentError: There is no such run, it has ended, or the API refused.
        TransientError: The API is not there at the moment.
    """
    result = _keep(KubeflowRun(kubeflow, run_id).read(), settings)
    if result.state != "running":
        received = f"{run_id}, which has ended ({result.state})"
        raise PermanentError("a run that is going", received, f"see `viewfinder show {run_id}`")
    kubeflow.call(kubeflow.client.terminate_run, run_id)


def _keep(result: RunResult, settings: Settings | None) -> RunResult:
    """Save a record, put together with an earlier one that may tell more; return it."""
    run_dir = (settings or Settings()).runs / result.run_id
    run_dir.mkdir(parents=True, exist_ok=True)
    with suppress(PermanentError):  # there is none yet, or it is of another release
        result = merge_readings(RunResult.load(run_dir), result)
    result.save(run_dir)
    return result


def _require_images(platform: PlatformSettings) -> None:
    """Refuse to submit pods whose images nobody has named: the defaults are in no registry."""
    wanted = {
        "publish": ("steps", STEPS_IMAGE, "VIEWFINDER_STEPS_IMAGE"),
        "check": ("predictor", PREDICTOR_IMAGE, "VIEWFINDER_PREDICTOR_IMAGE"),
    }
    for step, (what, default, variable) in wanted.items():
        if not platform.of(step).image and variable not in os.environ:
            table = "[steps.check]" if step == "check" else "[steps]"
            raise PermanentError(
                f"the name of the {what} image in your registry",
                f"none, so that the pods would get {default}",
                f"push it there (make images) and set image under {table} in viewfinder.toml, or "
                f"{variable}",
            )


def _mounted(data: str, platform: PlatformSettings) -> str:
    """Return where the steps see photos on a claim; other addresses stay as they are.

    Raises:
        PermanentError: The claim is not among the volumes of the steps that read photos.
    """
    if not data.lower().startswith(PVC):
        return data
    claim, _, path = data[len(PVC) :].partition("/")
    for step in ("validate", "evaluate"):
        mounts = {volume.claim: volume.mount_path for volume in platform.of(step).volumes}
        if claim not in mounts:
            raise PermanentError(
                f"the claim {claim} among the volumes of step {step}",
                f"{', '.join(mounts) or 'no volumes'}",
                f'add [[steps.volumes]] with claim = "{claim}" to the settings file',
            )
    return f"{mounts[claim]}/{path}".rstrip("/")


def _require_reach(name: str, value: str, platform: PlatformSettings) -> None:
    """Refuse what lies on this machine: no pod can read it."""
    mounts = [volume.mount_path for volume in platform.every.volumes]
    if value.lower().startswith(_IN_REACH) or any(value.startswith(f"{m}/") for m in mounts):
        return
    raise PermanentError(
        f"{name} that the pods can reach: gs://, s3://, pvc://CLAIM/path"
        + (", package://" if name == "data" else ""),
        repr(value) if value else "nothing",
        f"name it with --{name.replace('_', '-')} or under [parameters] in the settings file",
    )
