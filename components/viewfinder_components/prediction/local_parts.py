"""Parts in a folder on a disk or a volume."""

import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from viewfinder_components.prediction.table import REPETITIVE


@dataclass(frozen=True)
class LocalParts:
    """A folder, which is made when something is put there; a `PartStore`."""

    folder: Path

    @property
    def uri(self) -> str:
        """Its path."""
        return str(self.folder)

    def find_whole(self, rows: Mapping[str, int]) -> set[str]:
        """See `PartStore.find_whole`; damaged ones do not count, as after a power cut."""
        return {name for name, count in rows.items() if self._count_rows(name) == count}

    def read(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """See `PartStore.read`."""
        with (self.folder / name).open("rb") as file:  # arrow takes no path that is not UTF-8
            return pq.read_table(file, columns=columns)

    def write(self, name: str, table: pa.Table) -> None:
        """See `PartStore.write`."""
        self.folder.mkdir(exist_ok=True)
        # Its own name: a pod that is about to be replaced may be writing the same part.
        temporary = self.folder / f"{name}-{uuid.uuid4().hex}.unfinished"
        try:
            with temporary.open("wb") as file:
                pq.write_table(table, file, use_dictionary=REPETITIVE)
            os.replace(temporary, self.folder / name)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def keep(self, file: Path) -> None:
        """See `PartStore.keep`."""
        self.folder.mkdir(exist_ok=True)
        os.replace(file, self.folder / file.name)

    def fetch(self, name: str, folder: Path) -> Path | None:
        """See `PartStore.fetch`; the file stays where it is."""
        path = self.folder / name
        return path if path.is_file() else None

    def _count_rows(self, name: str) -> int | None:
        try:
            with (self.folder / name).open("rb") as file:
                rows: int = pq.read_metadata(file).num_rows
        except (OSError, pa.ArrowException):
            return None
        return rows
