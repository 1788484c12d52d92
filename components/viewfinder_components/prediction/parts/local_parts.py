"""Parts in a folder on a disk or a volume."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from viewfinder_components.prediction.parts.table import REPETITIVE
from viewfinder_components.prediction.parts.workplace import Workplace
from viewfinder_components.whole_files import replacing


@dataclass(frozen=True)
class LocalParts:
    """A folder, which is made when something is put there; a `PartStore`.

    Attributes:
        workplace: The folder above it.
        job: Its name.
    """

    workplace: Workplace
    job: str

    @property
    def folder(self) -> Path:
        """The folder."""
        return self.workplace.folder / self.job

    @property
    def uri(self) -> str:
        """Its path."""
        return str(self.folder)

    def find_whole(self, rows: Mapping[str, int]) -> set[str]:
        """See `PartStore.find_whole`; damaged ones do not count, as after a power cut."""
        return {name for name, count in rows.items() if self._count_rows(name) == count}

    def read(self, name: str, columns: Sequence[str] | None = None) -> pa.Table | None:
        """See `PartStore.read`."""
        with self.workplace.writing():
            try:
                content = (self.folder / name).read_bytes()
            except FileNotFoundError:
                return None
        return pq.read_table(pa.BufferReader(content), columns=columns)

    def write(self, name: str, table: pa.Table) -> None:
        """See `PartStore.write`."""
        with self.workplace.writing():
            self.folder.mkdir(exist_ok=True)
            # A pod that is about to be replaced may be writing the same part.
            with replacing(self.folder / name) as temporary, temporary.open("wb") as file:
                pq.write_table(table, file, use_dictionary=REPETITIVE)

    def keep(self, file: Path) -> None:
        """See `PartStore.keep`."""
        with self.workplace.writing():
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
