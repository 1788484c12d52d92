"""The select step: which version to deploy, and which photos to compare its answers on."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.evaluation import write_evaluation
from viewfinder_components.reports.formatting import plural
from viewfinder_components.selection.config import SelectConfig
from viewfinder_components.spelling import spell, write_command
from viewfinder_components.storage.contents import Manifest
from viewfinder_components.storage.pvc import PVC, is_mounted
from viewfinder_components.storage.store import Store, open_store
from viewfinder_components.storage.version import MANIFEST, SAMPLES, Version
from viewfinder_components.timing import Stopwatch


class MissingVersionError(PermanentError):
    """There is no such version."""


class NoPhotosError(PermanentError):
    """The version has no test photos, or they cannot be read from here."""


@dataclass(frozen=True)
class Selected:
    """A version that can be deployed."""

    number: int
    uri: str
    photos: int
    """How many test photos were written."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall-clock seconds by phase."""

    @property
    def summary(self) -> str:
        """The step's one-sentence summary."""
        photos = (
            f"{plural(self.photos, 'test photo')} kept with it"
            if self.photos
            else "without test photos"
        )
        return f"version {self.number}, {self.uri}, {photos}"


def select_version(evaluation: Path, config: SelectConfig) -> Selected:
    """Find a version, and write its test photos as an evaluation.

    Args:
        evaluation: Where to write `evaluation.json` and `samples/`, as evaluate does; made when
            missing.
        config: Which version to find.

    Raises:
        MissingVersionError: There is no such version.
        NoPhotosError: The version has no photos, or they cannot be read from here.
        PermanentError: It is damaged, or the root cannot be read.
        TransientError: The store does not answer.
    """
    evaluation.mkdir(parents=True, exist_ok=True)
    if config.model_root.startswith(PVC) and not is_mounted(config.model_root):
        version = _trusted(config)
        return Selected(version.number, version.uri, 0)
    watch = Stopwatch("select")
    with watch.phase("find"):
        store = open_store(config.model_root)
        version = _find(store, config)
    with watch.phase("photos"):
        photos = _write_evaluation(store, version, evaluation) if config.compare else 0
    return Selected(version.number, version.uri, photos, watch.seconds)


def _trusted(config: SelectConfig) -> Version:
    """Return a version on a claim that is not mounted here: only the pods can tell if it exists.

    Raises:
        NoPhotosError: The volume is needed.
    """
    if config.version and not config.compare:
        uri = f"{config.model_root.rstrip('/')}/{config.model_name}/{config.version}"
        return Version(config.version, uri)
    raise NoPhotosError(
        f"the volume of {config.model_root} mounted here, to read the version's test photos",
        "no such mount",
        "deploy on Kubeflow, whose pods mount it, or name the version's number and deploy with "
        f"{spell('compare', False)}",
    )


def _find(store: Store, config: SelectConfig) -> Version:
    versions = store.versions(config.model_name)
    if not versions:
        raise MissingVersionError(
            f"a published version of {config.model_name} under {config.model_root}",
            "none",
            f"publish one with `{write_command('run', '--data', 'PHOTOS')}`, or correct the name "
            "or the model root",
        )
    found = [version for version in versions if config.version in (0, version.number)]
    if not found:
        numbers = ", ".join(str(version.number) for version in versions[-10:])
        raise MissingVersionError(
            f"version {config.version} of {config.model_name} under {config.model_root}",
            f"only {numbers}",
            "name one of these",
        )
    return max(found)


def _write_evaluation(store: Store, version: Version, evaluation: Path) -> int:
    manifest = Manifest.parse(store.read(version, MANIFEST), version.uri)
    names = [name for name in manifest.promised if name.startswith(f"{SAMPLES}/")]
    if not names:
        raise NoPhotosError(
            f"test photos in {version.uri}, to compare the service's answers with the evaluation's",
            "none",
            f"publish with keep_test_photos of at least 1, or deploy with "
            f"{spell('compare', False)}",
        )
    (evaluation / SAMPLES).mkdir(exist_ok=True)
    for name in names:
        content = store.read(version, name)
        digest = hashlib.sha256(content).hexdigest()
        if digest != manifest.promised[name]:
            raise PermanentError(
                f"{name} in {version.uri} with the SHA-256 that its manifest has",
                f"the SHA-256 {digest}",
                "publish the model again, and deploy that version",
            )
        (evaluation / SAMPLES / Path(name).name).write_bytes(content)
    write_evaluation(evaluation, {"labels": manifest.values["labels"]})
    return len(names) - 1  # one is their list
