"""Find out whether a published version is what was published."""

from dataclasses import dataclass
from pathlib import Path

from viewfinder_components.publishing.contents import Contents, digest_file


@dataclass(frozen=True)
class Verification:
    """What was found wrong, as sorted relative paths."""

    missing: tuple[str, ...]
    """In the manifest and not there."""
    extra: tuple[str, ...]
    """There and not in the manifest."""
    changed: tuple[str, ...]
    """There with other contents than the manifest's digest says."""

    @property
    def intact(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.missing or self.extra or self.changed)

    @property
    def summary(self) -> str:
        """What is wrong, in words; `intact` when nothing is."""
        kinds = (("missing", self.missing), ("extra", self.extra), ("changed", self.changed))
        return (
            "; ".join(f"{kind}: {', '.join(names)}" for kind, names in kinds if names) or "intact"
        )


def verify_version(path: Path) -> Verification:
    """Hold every file of a version, or of a servable, against its manifest.

    Args:
        path: The directory with `manifest.json`.

    Raises:
        PermanentError: There is no manifest or it is none, or the directory holds anything but
            readable files and directories.
    """
    contents = Contents.read(path)
    both = sorted(contents.present & contents.promised.keys())
    changed = tuple(name for name in both if digest_file(path / name) != contents.promised[name])
    return Verification(tuple(contents.missing), tuple(contents.extra), changed)
