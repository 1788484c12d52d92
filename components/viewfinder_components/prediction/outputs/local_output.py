"""Predictions as a file on a disk or a volume."""

import os
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from viewfinder_components.errors import PermanentError
from viewfinder_components.photos.uri import uri_to_path
from viewfinder_components.prediction.outputs.taken_output import taken
from viewfinder_components.prediction.parts.local_parts import LocalParts
from viewfinder_components.prediction.parts.workplace import Workplace
from viewfinder_components.spelling import spell
from viewfinder_components.writing import explaining_system, need_file_or_nothing, need_writable


@dataclass(frozen=True)
class LocalOutput:
    """A file on a disk; an `Output`. The unfinished work is beside it, in a hidden folder."""

    path: Path

    @property
    def uri(self) -> str:
        """Its path."""
        return str(self.path)

    @property
    def workplace(self) -> Workplace:
        """The hidden folder."""
        advice = "predictions", f"name another with {spell('output')}"
        return Workplace(self.path.with_name(_unfinished(self.path.name)), self.uri, advice)

    def check(self) -> None:
        """See `Output.check`."""
        folder = self.path.parent
        if not folder.is_dir():
            raise PermanentError(
                f"a folder {folder} for the predictions",
                "a file" if folder.exists() else "nothing there",
                f"create it, or correct {spell('output')}",
            )
        _need_short(self.path.name, os.statvfs(folder).f_namemax - len(_unfinished("")))
        need_file_or_nothing(self.path, f"name another file with {spell('output')}")
        need_writable(folder, *self.workplace.advice)

    def is_own(self, uri: str) -> bool:
        """See `Output.is_own`."""
        path = Path(uri_to_path(uri))
        names = (self.path.name, self.workplace.folder.name)
        # The photos' folder may have been reached through a link.
        return path.name in names and path.parent.resolve() == self.path.parent.resolve()

    def read_schema(self) -> pa.Schema | None:
        """See `Output.read_schema`."""
        if not self.path.exists():
            return None
        with explaining_system():
            try:
                with self.path.open("rb") as file:  # arrow takes no path that is not UTF-8
                    return pq.read_schema(file)
            except pa.ArrowException:
                return pa.schema([])
            except OSError as error:
                if error.errno is not None:  # Arrow's errors about the contents have no number
                    raise
                return pa.schema([])

    def parts_of(self, job: str) -> LocalParts:
        """See `Output.parts_of`."""
        return LocalParts(self.workplace, job)

    def clear(self) -> None:
        """See `Output.clear`."""
        self.workplace.clear()

    def put(self, file: Path, replace: bool) -> None:
        """See `Output.put`."""
        if self.path.exists() and not replace:
            raise taken(self.uri, self.read_schema())
        os.replace(file, self.path)


def _unfinished(name: str) -> str:
    """Return the name of the folder for the unfinished work."""
    return f".{name}.parts"


def _need_short(name: str, most: int) -> None:
    if (size := len(os.fsencode(name))) > most:
        raise PermanentError(
            f"a name of at most {most} bytes for the predictions",
            f"one of {size} bytes",
            f"choose a shorter name with {spell('output')}",
        )
