"""What the pods of a run must be able to reach: images, photos, the model root."""

import os

from viewfinder_components.errors import PermanentError, UsageError
from viewfinder_components.image import PREDICTOR_IMAGE, STEPS_IMAGE
from viewfinder_components.storage.pvc import MOUNTS, PVC
from viewfinder_pipelines.pipeline.definition import PipelineDefinition
from viewfinder_pipelines.pipeline.platform import PlatformSettings

_IN_REACH = ("gs://", "s3://", "minio://", PVC, "package://")
# The image, its default name, and the variable that names it.
_STEPS = ("steps", STEPS_IMAGE, "VIEWFINDER_STEPS_IMAGE")
_PREDICTOR = ("predictor", PREDICTOR_IMAGE, "VIEWFINDER_PREDICTOR_IMAGE")


def require_images(platform: PlatformSettings, pipeline: PipelineDefinition) -> None:
    """Refuse pods whose images nobody has named: the default names are in no registry.

    Args:
        platform: What the pods get.
        pipeline: Whose pods.

    Raises:
        PermanentError: Neither the settings file nor the environment names an image.
    """
    for step in pipeline.steps:
        is_predictor = step.image == PREDICTOR_IMAGE
        what, default, variable = _PREDICTOR if is_predictor else _STEPS
        if not platform.of(step.name).image and variable not in os.environ:
            table = f"[steps.{step.name}]" if is_predictor else "[steps]"
            raise PermanentError(
                f"the name of the {what} image in your registry",
                f"none, so that the pods would get {default}",
                f"push it there (make images) and set image under {table} in viewfinder.toml, or "
                f"{variable}",
            )


def require_reach(name: str, value: str, platform: PlatformSettings) -> None:
    """Refuse what lies on this machine: no pod can read it.

    Args:
        name: The parameter.
        value: Its value.
        platform: What the pods get.

    Raises:
        UsageError: It is neither in a bucket nor in a package nor on a claim that is mounted.
    """
    mounts = [volume.mount_path for volume in platform.every.volumes]
    if value.lower().startswith(_IN_REACH) or any(value.startswith(f"{m}/") for m in mounts):
        return
    raise UsageError(
        f"{name} that the pods can reach: gs://, s3://, pvc://CLAIM/path"
        + (", package://" if name == "data" else ""),
        repr(value) if value else "nothing",
        f"name it with --{name.replace('_', '-')} or under [parameters] in the settings file",
    )


def find_photos(data: str, platform: PlatformSettings, pipeline: PipelineDefinition) -> str:
    """Return where the steps see the photos: on a claim, the folder where it is mounted.

    Raises:
        PermanentError: The claim is not among the volumes of the steps that read photos.
    """
    if not data.lower().startswith(PVC):
        return data
    claim, _, path = data[len(PVC) :].partition("/")
    readers = [step.name for step in pipeline.steps if step.reads_photos]
    mounts = {_find_mount(claim, step, platform) for step in readers}
    if len(mounts) > 1:
        raise PermanentError(
            f"the claim {claim} at the same path in {' and '.join(readers)}",
            " and ".join(sorted(mounts)),
            "mount it under [[steps.volumes]], for every step",
        )
    return f"{mounts.pop()}/{path}".rstrip("/")


def require_claim(
    model_root: str, platform: PlatformSettings, pipeline: PipelineDefinition
) -> None:
    """Make sure that a model root on a claim is mounted where the steps look for it.

    Args:
        model_root: The model root.
        platform: What the pods get.
        pipeline: Whose steps look there.

    Raises:
        PermanentError: It is not.
    """
    if not model_root.lower().startswith(PVC):
        return
    claim = model_root[len(PVC) :].partition("/")[0]
    for step in pipeline.steps:
        if "model_root" not in step.parameters:
            continue
        found = _find_mount(claim, step.name, platform)
        if found != str(MOUNTS / claim):
            raise PermanentError(
                f"the claim {claim} mounted at {MOUNTS / claim} in step {step.name}",
                found,
                "leave `path` out of its [[steps.volumes]]",
            )


def _find_mount(claim: str, step: str, platform: PlatformSettings) -> str:
    mounts = {volume.claim: volume.mount_path for volume in platform.of(step).volumes}
    if claim not in mounts:
        raise PermanentError(
            f"the claim {claim} among the volumes of step {step}",
            ", ".join(mounts) or "no volumes",
            f'add [[steps.volumes]] with claim = "{claim}" to the settings file',
        )
    return mounts[claim]
