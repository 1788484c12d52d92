"""Settings of the steps' pods: image, resources, nodes, secrets, volumes.

The settings are written into the compiled pipeline, so that the pipeline itself depends on no
cluster and the graph is the same everywhere. docs/decisions/kfp-kubernetes-for-pod-settings.md
explains why kfp-kubernetes does not write them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from viewfinder_components.errors import PermanentError
from viewfinder_components.image import PREDICTOR_IMAGE
from viewfinder_components.ranges import need_integer
from viewfinder_components.steps import STEPS

CPU_REQUEST = "250m"
"""The CPU request of a step that computes, unless the settings have one. Without a request its pod
has the smallest possible weight, 2 of 1024, and hardly runs on a busy node. Steps of the training
pipeline run one after the other, so a node of 2 cores has room for it besides Kubeflow Pipelines
and a predictor. Batch prediction has as many `classify` pods at once as it has shards."""

# The argument of KFP's executor that names the component's function.
_FUNCTION = "--function_to_execute"
_PULL_POLICIES = ("", "Always", "IfNotPresent", "Never")


@dataclass(frozen=True)
class SecretKeys:
    """Keys of a Secret as environment variables.

    Attributes:
        name: The Secret, in the namespace of the run.
        env: The Secret's keys and the names of their variables.
    """

    name: str
    env: Mapping[str, str]


@dataclass(frozen=True)
class Volume:
    """A claim mounted into the pods.

    Attributes:
        claim: The PersistentVolumeClaim, in the namespace of the run.
        path: Where it is mounted; empty for `/mnt/pvc/<claim>`, where `pvc://` URIs are read.
    """

    claim: str
    path: str = ""

    @property
    def mount_path(self) -> str:
        """The path in the pods."""
        return self.path or f"/mnt/pvc/{self.claim}"


@dataclass(frozen=True)
class PodSettings:
    """The settings of a step's pod; empty ones keep the cluster's defaults.

    Attributes:
        image: The container image; empty for the one the pipeline was compiled with.
        pull_policy: `Always`, `IfNotPresent` or `Never`.
        pull_secrets: Names of the image pull secrets.
        cpu: Limit and request, such as `2` or `500m`.
        cpu_request: Only the request, without a limit or below `cpu`; `0` for none. Empty for
            `cpu`, or if that is empty too, `CPU_REQUEST` in the steps that compute.
        memory: Limit and request, such as `4Gi`.
        accelerator: A resource such as `nvidia.com/gpu`.
        accelerators: Number of them.
        node_selector: Labels the node must have.
        tolerations: Tolerations as in a pod's specification.
        env: Environment variables.
        secrets: Environment variables from Secrets.
        volumes: Claims to mount.
    """

    image: str = ""
    pull_policy: str = ""
    pull_secrets: tuple[str, ...] = ()
    cpu: str = ""
    cpu_request: str = ""
    memory: str = ""
    accelerator: str = ""
    accelerators: int = 1
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Mapping[str, Any], ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[SecretKeys, ...] = ()
    volumes: tuple[Volume, ...] = ()

    def __post_init__(self) -> None:
        if self.pull_policy not in _PULL_POLICIES:
            raise PermanentError(
                f"pull_policy to be one of {', '.join(filter(None, _PULL_POLICIES))}",
                repr(self.pull_policy),
                "write one of these into the settings file, or omit pull_policy",
            )

    def overlaid(self, other: "PodSettings") -> "PodSettings":
        """Return these settings, overridden by those of `other`; mappings are merged."""
        empty = PodSettings()
        changed: dict[str, Any] = {}
        for name in (f.name for f in fields(self)):
            mine, theirs = getattr(self, name), getattr(other, name)
            if isinstance(mine, Mapping):
                changed[name] = {**mine, **theirs}
            else:
                changed[name] = mine if theirs == getattr(empty, name) else theirs
        return PodSettings(**changed)


@dataclass(frozen=True)
class PlatformSettings:
    """Settings for the pods of all steps, and additional ones for single steps.

    Attributes:
        every: For all steps. Its `image` is not used for those that run in the predictor's.
        steps: By the step's name; they override `every`.
        run_deadline_seconds: Maximum duration of a whole run; 0 for no limit.
    """

    every: PodSettings = PodSettings()
    steps: Mapping[str, PodSettings] = field(default_factory=dict)
    run_deadline_seconds: int = 0

    def __post_init__(self) -> None:
        need_integer("run_deadline_seconds", self.run_deadline_seconds, 0)

    def of(self, step: str, task: str = "") -> PodSettings:
        """Return the settings of a step's pod.

        Args:
            step: The step.
            task: Its name in the pipeline, if that has the step more than once: settings for
                this name override those for the step.
        """
        own = self.steps.get(step, PodSettings())
        if task != step:
            own = own.overlaid(self.steps.get(task, PodSettings()))
        pod = self.every.overlaid(own)
        known = STEPS.get(step)
        if known and known.image == PREDICTOR_IMAGE and not own.image:
            pod = replace(pod, image="")
        if known and known.computes and not pod.cpu and not pod.cpu_request:
            pod = replace(pod, cpu_request=CPU_REQUEST)
        return pod

    def apply(
        self,
        document: dict[str, Any],
        platform: dict[str, Any],
        elsewhere: Collection[str] = (),
    ) -> None:
        """Write the settings into a compiled pipeline, in place.

        Args:
            document: The pipeline's specification.
            platform: The specification of its platforms; may be empty.
            elsewhere: The steps of other pipelines: settings for these are ignored.

        Raises:
            PermanentError: Settings for a step that no pipeline has.
        """
        executors = document["deploymentSpec"]["executors"]
        names = {name: _names(name, executor) for name, executor in executors.items()}
        known = {name for both in names.values() for name in both}
        if unknown := set(self.steps) - known - set(elsewhere):
            raise PermanentError(
                f"settings for the steps {', '.join(sorted(known | set(elsewhere)))}",
                f"[steps.{min(unknown)}]",
                "name one of these steps in the settings file",
            )
        if self.run_deadline_seconds:
            kubernetes = platform.setdefault("platforms", {}).setdefault("kubernetes", {})
            pipeline = kubernetes.setdefault("pipelineConfig", {})
            pipeline["activeDeadlineSeconds"] = self.run_deadline_seconds
        for name, executor in executors.items():
            pod = self.of(*names[name])
            _apply_container(executor["container"], pod)
            if config := _kubernetes_config(pod):
                kubernetes = platform.setdefault("platforms", {}).setdefault("kubernetes", {})
                deployment = kubernetes.setdefault("deploymentSpec", {})
                deployment.setdefault("executors", {}).setdefault(name, {}).update(config)


def _names(executor: str, content: Mapping[str, Any]) -> tuple[str, str]:
    """Return the step that a pod runs, and its name in the pipeline: `train` and `train-2`."""
    task = executor.removeprefix("exec-")
    arguments = content["container"].get("args", [])
    if _FUNCTION not in arguments:  # not a Python component
        return task, task
    return arguments[arguments.index(_FUNCTION) + 1], task


def _apply_container(container: dict[str, Any], pod: PodSettings) -> None:
    """Set what KFP's own specification supports."""
    if pod.image:
        container["image"] = pod.image
    if pod.env:
        container["env"] = [{"name": k, "value": v} for k, v in pod.env.items()]
    resources: dict[str, Any] = {}
    if pod.cpu:
        resources["resourceCpuLimit"] = pod.cpu
    if request := pod.cpu_request or pod.cpu:
        resources["resourceCpuRequest"] = request
    if pod.memory:
        resources |= {"resourceMemoryLimit": pod.memory, "resourceMemoryRequest": pod.memory}
    if pod.accelerator:
        resources["accelerator"] = {
            "resourceType": pod.accelerator,
            "resourceCount": str(pod.accelerators),
        }
    if resources:
        container["resources"] = resources


def _kubernetes_config(pod: PodSettings) -> dict[str, Any]:
    """Return KFP's KubernetesExecutorConfig, as written by kfp-kubernetes 2.17."""
    config: dict[str, Any] = {}
    if pod.pull_policy:
        config["imagePullPolicy"] = pod.pull_policy
    if pod.pull_secrets:
        config["imagePullSecret"] = [
            {"secretName": name, "secretNameParameter": _constant(name)}
            for name in pod.pull_secrets
        ]
    if pod.node_selector:
        config["nodeSelector"] = {"labels": dict(pod.node_selector)}
    if pod.tolerations:
        config["tolerations"] = [dict(toleration) for toleration in pod.tolerations]
    if pod.secrets:
        config["secretAsEnv"] = [_secret(secret) for secret in pod.secrets]
    if pod.volumes:
        config["pvcMount"] = [
            {
                "constant": volume.claim,
                "pvcNameParameter": _constant(volume.claim),
                "mountPath": volume.mount_path,
            }
            for volume in pod.volumes
        ]
    return config


def _secret(secret: SecretKeys) -> dict[str, Any]:
    return {
        "secretName": secret.name,
        "secretNameParameter": _constant(secret.name),
        "keyToEnv": [{"secretKey": key, "envVar": name} for key, name in secret.env.items()],
        "optional": False,
    }


def _constant(value: str) -> dict[str, Any]:
    return {"runtimeValue": {"constant": value}}
