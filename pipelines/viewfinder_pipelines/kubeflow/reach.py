"""What the pods of a run must be able to reach: images, photos, the model root."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

from viewfinder_components import published_images
from viewfinder_components.errors import PermanentError, UsageError
from viewfinder_components.image import PREDICTOR_IMAGE, STEPS_IMAGE
from viewfinder_components.spelling import spell
from viewfinder_components.step import Step
from viewfinder_components.storage.pvc import MOUNTS, PVC
from viewfinder_pipelines.pipeline.definition import PipelineDefinition
from viewfinder_pipelines.pipeline.platform import PlatformSettings

_IN_REACH = ("gs://", "s3://", "minio://", PVC, "package://")


@dataclass(frozen=True)
class _Image:
    """One of the two images: what it is for, and who may have named it."""

    what: str
    default: str
    variable: str
    published: str

    @property
    def is_named(self) -> bool:
        """Whether the environment or the release names it."""
        return bool(os.environ.get(self.variable) or self.published)


_STEPS = _Image("steps", STEPS_IMAGE, "VIEWFINDER_STEPS_IMAGE", published_images.STEPS)
_PREDICTOR = _Image(
    "predictor", PREDICTOR_IMAGE, "VIEWFINDER_PREDICTOR_IMAGE", published_images.PREDICTOR
)


def require_images(platform: PlatformSettings, pipeline: PipelineDefinition) -> None:
    """Refuse pods whose images nobody named: the default names are in no registry.

    Args:
        platform: The pods' settings.
        pipeline: The pods' pipeline.

    Raises:
        PermanentError: Neither the settings file, nor the environment, nor the release names an
            image.
    """
    for step in pipeline.steps:
        image = _image_of(step)
        if not platform.of(step.name).image and not image.is_named:
            table = f"[steps.{step.name}]" if image is _PREDICTOR else "[steps]"
            raise PermanentError(
                f"the name of the {image.what} image in your registry",
                f"none, so the pods would use {image.default}",
                f"push it there (make images) and set image under {table} in viewfinder.toml, or "
                f"{image.variable}",
            )


def find_unnamed_images(platform: PlatformSettings, steps: Iterable[Step]) -> list[str]:
    """Return the images that pods of these steps would use although no registry has them."""
    images = {_image_of(step) for step in steps if not platform.of(step.name).image}
    return sorted(image.default for image in images if not image.is_named)


def _image_of(step: Step) -> _Image:
    return _PREDICTOR if step.image == PREDICTOR_IMAGE else _STEPS


def require_reach(name: str, value: str, platform: PlatformSettings) -> None:
    """Refuse a place on this machine: no pod can read it.

    Args:
        name: The parameter.
        value: Its value.
        platform: The pods' settings.

    Raises:
        UsageError: It is not in a bucket, in a package, or on a mounted claim.
    """
    schemes = _IN_REACH if name == "data" else tuple(s for s in _IN_REACH if s != "package://")
    mounts = [volume.mount_path for volume in platform.every.volumes]
    if value.lower().startswith(schemes) or any(value.startswith(f"{m}/") for m in mounts):
        return
    raise UsageError(
        f"{name} that the pods can reach: gs://, s3://, pvc://CLAIM/path"
        + (", package://" if name == "data" else ""),
        repr(value) if value else "nothing",
        f"name it with {spell(name)} or under [parameters] in the settings file",
    )


def find_mounted(data: str, platform: PlatformSettings, pipeline: PipelineDefinition) -> str:
    """Return where the steps see a file or folder: for a claim, where it is mounted.

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
    """Check that a model root on a claim is mounted where the steps look for it.

    Args:
        model_root: The model root.
        platform: The pods' settings.
        pipeline: The pipeline whose steps look there.

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
                "omit `path` from its [[steps.volumes]]",
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
