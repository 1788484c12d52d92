"""Settings from the environment, read once."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self


def _home() -> Path:
    # An empty variable counts as unset, or runs would be scattered in the working directory.
    # os.path, unlike pathlib, leaves `~` unchanged if the home directory is unknown.
    return Path(os.path.expanduser(os.environ.get("VIEWFINDER_HOME") or ".viewfinder")).absolute()


@dataclass(frozen=True)
class Settings:
    """Where this machine keeps runs and models.

    Attributes:
        home: Contains everything below; `VIEWFINDER_HOME`, or `.viewfinder` in the working
            directory.
    """

    home: Path = field(default_factory=_home)

    @classmethod
    def at(cls, home: str | Path | None) -> Self:
        """Return the settings with another home; None for the usual one."""
        return cls() if home is None else cls(Path(os.path.expanduser(home)).absolute())

    @property
    def runs(self) -> Path:
        """One folder per run."""
        return self.home / "runs"

    @property
    def models(self) -> Path:
        """The model root used if none is named."""
        return self.home / "models"

    @property
    def checkpoints(self) -> Path:
        """Unfinished training, by data and configuration."""
        return self.home / "checkpoints"

    @property
    def logs(self) -> Path:
        """One file per command that encountered an unexpected error."""
        return self.home / "logs"

    @property
    def cache(self) -> Path:
        """Versions downloaded for serving; may be deleted at any time."""
        return self.home / "cache"

    @property
    def predictions(self) -> Path:
        """Temporary files and locks of predictions whose output is in a bucket."""
        return self.home / "predictions"
