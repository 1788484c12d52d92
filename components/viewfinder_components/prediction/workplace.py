"""Where the parts of a prediction are kept until all are there; one process works in it at a time.

The folder contains `lock`, and for each job (the files, the model and the settings) a folder with
the parts that are finished. A run that was killed left them, and the next one continues. Other
arguments make another job, so that results are never mixed.
"""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from viewfinder_components.errors import TransientError
from viewfinder_components.prediction.answers import Answer
from viewfinder_components.prediction.listing import Listing
from viewfinder_components.prediction.result import STATUSES
from viewfinder_components.prediction.table import (
    REPETITIVE,
    count_statuses,
    make_batch,
    schema_of,
    write_facts,
)
from viewfinder_components.storage.locking import locked_in_passing

_LOCK = "lock"


@contextmanager
def held_workplace(folder: Path, output: str) -> Iterator[Path]:
    """Make the folder and lock it; after an error, remove it unless a part was finished.

    Args:
        folder: The folder.
        output: What the predictions are for, for the error.

    Raises:
        TransientError: Another process works in it.
        OSError: It cannot be made.
    """

    def refuse() -> None:
        raise TransientError(
            f"{output} to be written by this process alone",
            "another process that is writing it",
            "wait until it has ended, then try again",
        )

    with locked_in_passing(folder / _LOCK, refuse):
        try:
            yield folder
        finally:
            if not any(folder.glob("*/part-*.parquet")):
                shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Parts:
    """The parts of one job."""

    folder: Path
    listing: Listing
    labels: tuple[str, ...]

    def missing(self) -> list[int]:
        """Return the parts that are not there, or damaged."""
        self.folder.mkdir(exist_ok=True)
        return [part for part in range(self.listing.parts) if not self._is_there(part)]

    def write(self, part: int, answers: Sequence[Answer]) -> None:
        """Write a part; a kill leaves all of it or nothing.

        Raises:
            OSError: It cannot be written.
        """
        path = self._path(part)
        temporary = path.with_suffix(".unfinished")
        with temporary.open("wb") as file:
            table = make_batch(answers, self.labels, schema_of(self.labels))
            pq.write_table(table, file, use_dictionary=REPETITIVE)
        os.replace(temporary, path)

    def count(self) -> dict[str, int]:
        """Return how many files have each status."""
        counts = dict.fromkeys(STATUSES, 0)
        for part in range(self.listing.parts):
            statuses = self._read(part, ["status"])["status"].to_pylist()
            for status, number in count_statuses(statuses).items():
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
            with pq.ParquetWriter(file, schema, use_dictionary=REPETITIVE) as writer:
                for part in range(self.listing.parts):
                    table = self._read(part)
                    writer.write_table(table.replace_schema_metadata(known))
            file.flush()
            os.fsync(file.fileno())

    def _read(self, part: int, columns: list[str] | None = None) -> pa.Table:
        with self._path(part).open("rb") as file:  # arrow takes no path that is not UTF-8
            return pq.read_table(file, columns=columns)

    def _path(self, part: int) -> Path:
        return self.folder / f"part-{part:06d}.parquet"

    def _is_there(self, part: int) -> bool:
        try:
            with self._path(part).open("rb") as file:
                rows = pq.read_metadata(file).num_rows
        except (OSError, pa.ArrowException):
            return False
        return bool(rows == self.listing.size_of(part))
