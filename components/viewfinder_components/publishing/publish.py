"""The publish step: a servable becomes an immutable version under the model root."""

from dataclasses import dataclass
from pathlib import Path

from viewfinder_components.errors import PermanentError
from viewfinder_components.publishing.config import PublishConfig
from viewfinder_components.publishing.described import CARD, with_precision
from viewfinder_components.storage.checksums import digest_file
from viewfinder_components.storage.contents import Contents, Manifest
from viewfinder_components.storage.store import Store, open_store
from viewfinder_components.storage.version import MANIFEST, Version
from viewfinder_components.timing import Stopwatch


@dataclass(frozen=True)
class PublishedVersion:
    """The version that now contains the servable."""

    number: int
    uri: str
    reused: bool
    """Whether an earlier attempt of the run had published the model, and nothing was added."""
    seconds: dict[str, float]
    """Wall-clock seconds by phase."""

    @property
    def summary(self) -> str:
        """The step's one-sentence summary."""
        return (
            f"version {self.number} {'was already published:' if self.reused else 'is'} {self.uri}"
        )


def publish_version(
    servable_dir: Path, config: PublishConfig, verdict_dir: Path | None = None
) -> PublishedVersion:
    """Copy a servable to `<root>/<model>/<next integer>/`.

    The version appears completely or not at all, whenever the process is killed and whoever else
    publishes at the same time. Publishing the same servable again returns the version that already
    contains it; so does publishing the same model again in the same run after a new evaluation.

    Args:
        servable_dir: The directory of the export step, with `manifest.json`.
        config: Where to publish.
        verdict_dir: The directory of the check step, with the precision that is served; None for
            none, and then f32 is.

    Raises:
        PermanentError: The verdict cannot be read, the servable does not match its manifest or this
            run, or the root cannot be written.
        TransientError: The root does not answer.
    """
    watch = Stopwatch("publish")
    store = open_store(config.model_root)
    with watch.phase("inspect"):
        _need_servable(servable_dir, config)
    with watch.phase("publish"), with_precision(servable_dir, verdict_dir) as folder:
        version, reused = _add(store, folder, _files(folder), config)
    return PublishedVersion(version.number, version.uri, reused, watch.seconds)


def _add(
    store: Store, servable: Path, files: dict[str, str], config: PublishConfig
) -> tuple[Version, bool]:
    if config.run_id:
        for version, manifest in store.published_by(config.model_name, config.run_id):
            if _same_model(manifest, files):
                return version, True
    return store.add(config.model_name, servable, files)


def _same_model(manifest: Manifest, files: dict[str, str]) -> bool:
    """Return whether a version's files are the same, except those that describe the measurements.

    A run that was killed after publishing evaluates and checks again when it is resumed: possibly
    against another version than the first time, and with other latencies.
    """
    told = {CARD, MANIFEST}
    ours = {name: digest for name, digest in files.items() if name not in told}
    return ours == {name: digest for name, digest in manifest.promised.items() if name not in told}


def _need_servable(servable: Path, config: PublishConfig) -> None:
    """Refuse a directory that is not a complete servable of this run."""
    contents = Contents.read(servable)
    for expected in ("run_id", "model_name"):
        given, found = getattr(config, expected), contents.manifest.get(expected)
        if found != given:
            raise PermanentError(
                f"a servable of {expected} {given!r}", repr(found), "pass the servable of this run"
            )
    if contents.missing or contents.extra:
        raise PermanentError(
            f"exactly the files of the manifest in {servable}",
            f"missing: {contents.missing}, extra: {contents.extra}",
            "export the model again",
        )


def _files(folder: Path) -> dict[str, str]:
    """Return every file's digest; the store checks what it copies against them."""
    return {**Manifest.read(folder).promised, MANIFEST: digest_file(folder / MANIFEST)}
