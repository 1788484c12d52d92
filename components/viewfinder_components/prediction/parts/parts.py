"""The parts of one job: what is finished of the predictions.

A job's parts are kept in a folder whose name identifies the files, the model and the settings. Work
that was killed left them, and the next one continues. Other arguments make another job, so that
results are never mixed.
"""

import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from viewfinder_components.errors import PermanentError, TransientError, reason_of
from viewfinder_components.prediction.models.answers import Answer, map_in_order
from viewfinder_components.prediction.parts.listing import Listing
from viewfinder_components.prediction.parts.table import (
    REPETITIVE,
    count_statuses,
    make_batch,
    schema_of,
    write_facts,
)
from viewfinder_components.prediction.result import STATUSES

_READS = 4  # at a time


class PartStore(Protocol):
    """The files of a job, on a disk or in a bucket; each is there as a whole, or not at all."""

    @property
    def uri(self) -> str:
        """Its path, or its URI."""

    def find_whole(self, rows: Mapping[str, int]) -> set[str]:
        """Return which parts are there.

        Args:
            rows: How many rows each part has, by its name.
        """

    def read(self, name: str, columns: Sequence[str] | None = None) -> pa.Table | None:
        """Return a part, or some of its columns; None if it is not there.

        Raises:
            PermanentError, TransientError: It cannot be read.
            pyarrow.ArrowException, OSError: It is damaged; such an OSError has no number.
        """

    def write(self, name: str, table: pa.Table) -> None:
        """Write a part; where several processes write it, all of them write the same.

        Raises:
            PermanentError, TransientError: It cannot be written.
        """

    def keep(self, file: Path) -> None:
        """Move a file there, under its own name.

        Raises:
            PermanentError, TransientError: It cannot be moved.
        """

    def fetch(self, name: str, folder: Path) -> Path | None:
        """Return the path of a file that was kept, on this machine; None if there is none.

        Args:
            name: Its name.
            folder: Where it may be downloaded.
        """


@dataclass(frozen=True)
class Parts:
    """The parts of a job, or of one shard of it.

    Attributes:
        store: Where they are.
        listing: All files of the job.
        labels: The classes.
        numbers: Which parts these are.
    """

    store: PartStore
    listing: Listing
    labels: tuple[str, ...]
    numbers: range

    def find_missing(self) -> list[int]:
        """Return the parts that are not there, or damaged."""
        names = {_name_of(part): self.listing.size_of(part) for part in self.numbers}
        whole = self.store.find_whole(names)
        return [part for part in self.numbers if _name_of(part) not in whole]

    def write(self, part: int, answers: Sequence[Answer]) -> None:
        """Write a part; a kill leaves all of it or nothing.

        Raises:
            PermanentError, TransientError: It cannot be written.
        """
        self.store.write(_name_of(part), make_batch(answers, self.labels, schema_of(self.labels)))

    def count(self) -> dict[str, int]:
        """Return how many files have each status."""
        counts = dict.fromkeys(STATUSES, 0)
        with closing(self._read_all(["status"])) as tables:
            for table in tables:
                for status, number in count_statuses(table["status"].to_pylist()).items():
                    counts[status] += number
        return counts

    def assemble(self, path: Path, facts: Mapping[str, Any]) -> None:
        """Write all parts into one file, durably.

        Args:
            path: The file to write.
            facts: What its metadata says besides the classes.

        Raises:
            OSError: It cannot be written.
        """
        schema = schema_of(self.labels)
        known = {**schema.metadata, **pa.schema([], write_facts(facts)).metadata}
        schema = schema.with_metadata(known)
        with path.open("wb") as file:
            with (
                closing(self._read_all()) as tables,
                pq.ParquetWriter(file, schema, use_dictionary=REPETITIVE) as writer,
            ):
                for table in tables:
                    writer.write_table(table.replace_schema_metadata(known))
            file.flush()
            os.fsync(file.fileno())

    def _read_all(self, columns: list[str] | None = None) -> Generator[pa.Table, None, None]:
        """Yield the parts in order; some are read ahead, because a store takes long to answer."""
        read = partial(self._read, columns=columns)
        return map_in_order(read, iter(self.numbers), _READS, 2 * _READS)

    def _read(self, part: int, columns: list[str] | None) -> pa.Table:
        name = _name_of(part)
        try:
            table = self.store.read(name, columns)
        except (pa.ArrowException, OSError) as error:  # OSError: damaged pages
            raise self._damaged(name, reason_of(error).splitlines()[0]) from error
        if table is None:
            raise TransientError(
                f"{name} in {self.store.uri}",
                "nothing there: another process has finished the same predictions, or removed it",
                "try again",
            )
        schema, rows = schema_of(self.labels), self.listing.size_of(part)
        wanted = [field for field in schema if columns is None or field.name in columns]
        if len(table) != rows or not table.schema.equals(pa.schema(wanted)):
            raise self._damaged(name, "other columns, or another number of rows")
        return table

    def _damaged(self, name: str, reason: str) -> PermanentError:
        return PermanentError(
            f"predictions in {name} in {self.store.uri}",
            f"a damaged file ({reason})",
            "delete it, then try again",
        )


def _name_of(part: int) -> str:
    return f"part-{part:06d}.parquet"
