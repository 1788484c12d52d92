"""Deploy published versions on KServe, roll back, and remove services."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from viewfinder.arguments import Positive, checked, merge
from viewfinder_pipelines.deployments.removing import Removed
from viewfinder_pipelines.settings.file import read_settings

__all__ = ["Deployment", "Removed", "Service", "deploy", "find_service", "rollback", "undeploy"]


@dataclass(frozen=True)
class Deployment:
    """A version that is being served."""

    summary: str
    """What was done, in a sentence."""
    endpoint: str
    """The service's URL inside the cluster."""
    changed: bool
    """Whether anything was changed; False if the version was already served."""
    record: Mapping[str, Any] = field(repr=False)
    """Everything known about the deployment, as `viewfinder deploy --json` prints it."""


@dataclass(frozen=True)
class Service:
    """The name of an InferenceService."""

    name: str
    """Its name; empty for the model's."""
    namespace: str
    """Its namespace; empty for the pod's own, or the kubeconfig's."""


@checked
def deploy(
    model_version: str | Path,
    *,
    namespace: str | None = None,
    settings: str | Path | None = None,
    parameters: Mapping[str, Any] | None = None,
    **named: Any,
) -> Deployment:
    """Put a published version behind a KServe InferenceService, and prove that it answers.

    Args:
        model_version: `MODEL` for its newest version, `MODEL/NUMBER`, or a URI of a model root
            followed by either.
        namespace: The service's namespace; None for the settings file's, or the kubeconfig's.
        settings: The settings file; None for `viewfinder.toml` in the working directory, if any.
        parameters: The deployment pipeline's other parameters (docs/parameters.md), by name.
        named: The same parameters as keyword arguments.

    Raises:
        UsageError: A parameter is unknown or out of its range.
        PermanentError: There is no such version, or it could not be brought into service; the
            previous version is restored.
        TransientError: The cluster or the storage did not answer, or the timeout expired.
    """
    from viewfinder_components.storage.version_name import VersionName
    from viewfinder_pipelines.deployments.deploying import deploy_published
    from viewfinder_pipelines.deployments.request import find_namespace, gather_parameters

    known = read_settings(settings)
    place = {"namespace": find_namespace(namespace, known)}
    version, given = VersionName.parse(str(model_version)), merge(parameters, named)
    given = gather_parameters(version, {**place, **given}, known)
    deployed, record = deploy_published(given)
    return Deployment(deployed.summary, deployed.endpoint, deployed.changed, record)


@checked
def rollback(
    model: str,
    *,
    number: Positive | None = None,
    service_name: str | None = None,
    namespace: str | None = None,
    timeout_seconds: Positive = 600,
    compare: bool = True,
    settings: str | Path | None = None,
) -> Deployment:
    """Return a service to the version that served before.

    Args:
        model: The model's name.
        number: A version that has served; None for the one before the current one.
        service_name: The service's name; None for the settings file's, or the model's name.
        namespace: As for `deploy`.
        timeout_seconds: Maximum time to wait, in seconds.
        compare: Whether answers are compared with the evaluation's.
        settings: As for `deploy`.

    Raises:
        PermanentError: There is no earlier version, or it could not be brought into service.
        TransientError: The cluster did not answer, or the timeout expired.
    """
    from viewfinder_pipelines.deployments.going_back import GoingBack, go_back

    service = find_service(service_name, namespace, settings)
    wanted = GoingBack(
        model,
        service.name,
        service.namespace,
        number=number or 0,
        timeout_seconds=timeout_seconds,
        compare=compare,
    )
    deployed, record = go_back(wanted)
    return Deployment(deployed.summary, deployed.endpoint, deployed.changed, record)


@checked
def undeploy(
    model: str,
    *,
    service_name: str | None = None,
    namespace: str | None = None,
    timeout_seconds: Positive = 300,
    settings: str | Path | None = None,
) -> Removed:
    """Remove a model's service and wait until it is gone; published versions stay.

    Args:
        model: The model's name.
        service_name: As for `rollback`.
        namespace: As for `deploy`.
        timeout_seconds: Maximum time to wait, in seconds.
        settings: As for `deploy`.

    Raises:
        PermanentError: Viewfinder does not manage the service, or a permission is missing.
        TransientError: It was not removed in time, or the cluster did not answer.
    """
    from viewfinder_pipelines.deployments import removing

    service = find_service(service_name, namespace, settings)
    return removing.undeploy(
        removing.Removal(model, service.name, service.namespace, timeout_seconds)
    )


@checked
def find_service(
    service_name: str | None, namespace: str | None, settings: str | Path | None = None
) -> Service:
    """Return the service that the arguments name, or else the settings file.

    Args:
        service_name: As for `rollback`.
        namespace: As for `deploy`.
        settings: As for `deploy`.

    Raises:
        PermanentError: The settings file is missing or wrong.
    """
    from viewfinder_pipelines.deployments.request import find_namespace

    known = read_settings(settings)
    filed = str(known.parameters.get("service_name", ""))
    return Service(service_name or filed, find_namespace(namespace, known))
