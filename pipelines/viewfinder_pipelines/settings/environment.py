"""What the environment may set, read once."""

import os
from dataclasses import dataclass, field
from pathlib import Path


def _home() -> Path:
    # An empty variable counts as none, or the runs would lie about in the working directory.
    # os.path, unlike pathlib, leaves `~` as it is where nobody knows the home directory.
    return Path(os.path.expanduser(os.environ.get("VIEWFINDER_HOME") or ".viewfinder")).absolute()


@dataclass(frozen=True)
class Settings:
    """Where this machine keeps runs and models.

    Attributes:
        home: Everything below lies here; `VIEWFINDER_HOME`, or `.viewfinder` in the working
            directory.
    """

    home: Path = field(default_factory=_home)

    @property
    def runs(self) -> Path:
        """One folder a run."""
        return self.home / "runs"

    @property
    def models(self) -> Path:
        """The model root used when none is named."""
        return self.home / "models"

    @property
    def checkpoints(self) -> Path:
        """Unfinished training, by data and configuration."""
        return self.home / "checkpoints"

    @property
    def logs(self) -> Path:
        """A file a command that met an error nobody had foreseen."""
        return self.home / "logs"

    @property
    def cache(self) -> Path:
        """Versions that were downloaded to be served; may be deleted at any time."""
        return self.home / "cache"
