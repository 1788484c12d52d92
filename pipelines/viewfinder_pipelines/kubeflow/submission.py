"""Upload the pipeline to Kubeflow Pipelines and start runs of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml  # type: ignore[import-untyped]

from viewfinder_components.errors import PermanentError
from viewfinder_components.steps import STEPS
from viewfinder_pipelines.kubeflow.client import Kubeflow
from viewfinder_pipelines.pipeline.compiling import compile_pipeline
from viewfinder_pipelines.pipeline.definition import PipelineDefinition
from viewfinder_pipelines.pipeline.platform import PlatformSettings
from viewfinder_pipelines.pipeline.registry import TRAINING
from viewfinder_pipelines.settings.file import KubeflowSettings

MAIN_PARAMETERS = (
    "data",
    "model_root",
    "model_name",
    "output",
    "version",
    "shards",
    "backbone",
    "epochs",
    "min_accuracy",
    "deploy",
    "namespace",
)
"""The parameters explained on a pipeline's page in the UI, if the pipeline has them."""


@dataclass(frozen=True)
class PipelineVersion:
    """A version of the pipeline in Kubeflow Pipelines.

    Attributes:
        pipeline_id: The pipeline.
        version_id: The version.
        name: The version's name: the pipeline's name and the digest of its YAML.
        is_new: Whether it was just uploaded.
    """

    pipeline_id: str
    version_id: str
    name: str
    is_new: bool

    @property
    def reference(self) -> Any:
        """The version in the form of the API's requests."""
        import kfp_server_api

        return kfp_server_api.V2beta1PipelineVersionReference(
            pipeline_id=self.pipeline_id, pipeline_version_id=self.version_id
        )


def compile_for_cluster(
    path: Path,
    platform: PlatformSettings,
    cache: bool = True,
    pipeline: PipelineDefinition = TRAINING,
) -> None:
    """Write the compiled pipeline with its pods' settings.

    Args:
        path: The YAML to write.
        platform: The pods' settings.
        cache: False prevents every step from being skipped, and omits those that serve the cache.
        pipeline: The pipeline to compile.

    Raises:
        PermanentError: Settings for a step that no pipeline has.
    """
    compile_pipeline(path, pipeline, cache=cache)
    documents = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    specification, kubernetes = documents[0], documents[1] if len(documents) > 1 else {}
    platform.apply(specification, kubernetes, STEPS)
    if not cache:
        for graph in (specification["root"], *specification["components"].values()):
            for task in graph.get("dag", {}).get("tasks", {}).values():
                task["cachingOptions"] = {}
    kept = [specification, kubernetes] if kubernetes else [specification]
    path.write_text(yaml.safe_dump_all(kept, sort_keys=True), encoding="utf-8")


def upload_pipeline(
    kubeflow: Kubeflow,
    platform: PlatformSettings,
    cache: bool = True,
    pipeline: PipelineDefinition = TRAINING,
) -> PipelineVersion:
    """Ensure that Kubeflow Pipelines has exactly this pipeline; it is uploaded only once.

    Raises:
        PermanentError: The API refused.
        TransientError: The API is currently unavailable.
    """
    import kfp_server_api

    with TemporaryDirectory() as folder:
        path = Path(folder) / "pipeline.yaml"
        compile_for_cluster(path, platform, cache, pipeline)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        # The UI names a run started from its form after the version alone.
        name = f"{pipeline.label}-{digest}"
        description = describe_parameters(path)
        pipeline_id = find_pipeline_id(kubeflow, pipeline) or _create_pipeline(kubeflow, pipeline)
        if version_id := _find_version(kubeflow, pipeline_id, name):
            return PipelineVersion(pipeline_id, version_id, name, is_new=False)
        try:
            # kfp.Client.upload_pipeline_version does the same and prints an address of its own.
            version = kubeflow.call(
                kfp_server_api.PipelineUploadServiceApi(
                    kubeflow.connection
                ).upload_pipeline_version,
                str(path),
                name=name,
                pipelineid=pipeline_id,
                description=description,
            )
        except PermanentError:
            # Another submission of the same pipeline was faster.
            version_id = _find_version(kubeflow, pipeline_id, name)
            if version_id is None:
                raise
            return PipelineVersion(pipeline_id, version_id, name, is_new=False)
    return PipelineVersion(pipeline_id, version.pipeline_version_id, name, is_new=True)


def describe_parameters(path: Path) -> str:
    """Return the descriptions of a compiled pipeline's most used parameters, in Markdown.

    The UI's form for a run only names the parameters. The version's description is on the
    pipeline's page, in a panel that does not scroll: all of them would not fit.
    """
    specification = next(iter(yaml.safe_load_all(path.read_text(encoding="utf-8"))))
    parameters = specification["root"]["inputDefinitions"]["parameters"]
    lines = [
        f"- `{name}`: {' '.join(parameters[name]['description'].split())}"
        for name in MAIN_PARAMETERS
        if name in parameters
    ]
    rest = "For the others, see the tab Pipeline Spec, under root."
    return "\n".join(["Parameters of a run:", "", *lines, "", rest])


def submit(
    kubeflow: Kubeflow,
    settings: KubeflowSettings,
    version: PipelineVersion,
    arguments: Mapping[str, Any],
    name: str,
) -> str:
    """Start a run and return its id.

    Args:
        kubeflow: Where to run it.
        settings: Experiment, service account, pipeline root.
        version: Which version of the pipeline.
        arguments: The pipeline parameters that were given.
        name: The run's name in the UI.

    Raises:
        PermanentError: The API refused, for example a parameter.
        TransientError: The API is currently unavailable.
    """
    import kfp_server_api

    run = kfp_server_api.V2beta1Run(
        display_name=name,
        experiment_id=find_experiment(kubeflow, settings),
        pipeline_version_reference=version.reference,
        runtime_config=kfp_server_api.V2beta1RuntimeConfig(
            parameters=dict(arguments),
            pipeline_root=settings.pipeline_root or None,
        ),
        service_account=settings.service_account or None,
    )
    # kfp.Client.run_pipeline does the same and prints an address of its own.
    create = kfp_server_api.RunServiceApi(kubeflow.connection).run_service_create_run
    return str(kubeflow.call(create, run).run_id)


def find_experiment(kubeflow: Kubeflow, settings: KubeflowSettings) -> str:
    """Return the ID of the experiment, which is created if it is missing."""
    import kfp_server_api

    if found := _find_experiment(kubeflow, settings.experiment):
        return found
    new = kfp_server_api.V2beta1Experiment(
        display_name=settings.experiment, namespace=kubeflow.namespace
    )
    try:
        api = kfp_server_api.ExperimentServiceApi(kubeflow.connection)
        made = kubeflow.call(api.experiment_service_create_experiment, new)
    except PermanentError:
        found = _find_experiment(kubeflow, settings.experiment)  # another submission was faster
        if found is None:
            raise
        return found
    return str(made.experiment_id)


def _find_experiment(kubeflow: Kubeflow, name: str) -> str | None:
    import kfp_server_api

    found = kubeflow.call(
        kfp_server_api.ExperimentServiceApi(
            kubeflow.connection
        ).experiment_service_list_experiments,
        filter=name_filter(name),
        namespace=kubeflow.namespace or "",
    )
    return str(found.experiments[0].experiment_id) if found.experiments else None


def find_pipeline_id(kubeflow: Kubeflow, pipeline: PipelineDefinition) -> str | None:
    """Return a pipeline's id; None if it has not been uploaded."""
    found = kubeflow.call(
        kubeflow.client.list_pipelines,
        filter=name_filter(pipeline.name),
        namespace=kubeflow.namespace,
    )
    return str(found.pipelines[0].pipeline_id) if found.pipelines else None


def name_filter(name: str) -> str:
    """Return the API's filter for objects with this display name."""
    predicate = {"operation": "EQUALS", "key": "display_name", "stringValue": name}
    return json.dumps({"predicates": [predicate]})


def _create_pipeline(kubeflow: Kubeflow, pipeline: PipelineDefinition) -> str:
    import kfp_server_api

    new = kfp_server_api.V2beta1Pipeline(
        display_name=pipeline.name,
        name=pipeline.name,
        description=str(pipeline.load().description),
        namespace=kubeflow.namespace,
    )
    try:
        api = kfp_server_api.PipelineServiceApi(kubeflow.connection)
        created = kubeflow.call(api.pipeline_service_create_pipeline, new)
    except PermanentError:
        found = find_pipeline_id(kubeflow, pipeline)  # another submission was faster
        if found is None:
            raise
        return found
    return str(created.pipeline_id)


def _find_version(kubeflow: Kubeflow, pipeline_id: str, name: str) -> str | None:
    found = kubeflow.call(
        kubeflow.client.list_pipeline_versions, pipeline_id, filter=name_filter(name)
    )
    versions = found.pipeline_versions
    return str(versions[0].pipeline_version_id) if versions else None
