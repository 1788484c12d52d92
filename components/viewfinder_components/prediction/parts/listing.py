"""The list of the files to classify, on disk: a million of them need not fit in memory."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from viewfinder_components.photos.candidate import Candidate, Flaw
from viewfinder_components.photos.stamp import find_stamp
from viewfinder_components.prediction.parts.workplace import Workplace

PART_FILES = 1024
"""Files in a part: what is classified again after an interruption, and a row group."""

_SCHEMA = pa.schema(
    [
        ("uri", pa.string()),
        ("size", pa.int64()),
        ("kind", pa.string()),
        ("sentence", pa.string()),
    ]
)


@dataclass(frozen=True)
class Listing:
    """What was found where photos are kept."""

    path: Path
    """The list: a Parquet file with a row group for each part."""
    files: int
    """Number of files."""
    photos: int
    """How many of them may be photos."""
    digest: str
    """Hexadecimal; another one if a file was added, removed or changed."""

    @property
    def parts(self) -> int:
        """Number of parts."""
        return -(-self.files // PART_FILES)

    def size_of(self, part: int) -> int:
        """Return how many files a part has."""
        return min(PART_FILES, self.files - part * PART_FILES)

    def read(self, parts: Iterable[int]) -> Iterator[Candidate]:
        """Yield the files of some parts, in order."""
        with self.path.open("rb") as source, pq.ParquetFile(source) as file:
            for part in parts:
                rows = file.read_row_group(part).to_pydict()
                for uri, size, kind, sentence in zip(*rows.values(), strict=True):
                    flaw = Flaw(kind, sentence) if kind else None
                    yield Candidate(uri, size=size, flaw=flaw)


def write_listing(candidates: Iterator[Candidate], workplace: Workplace, name: str) -> Listing:
    """Write down what was found.

    Args:
        candidates: Everything found, in an order determined by the data alone.
        workplace: Where the list is written; this process holds it.
        name: The name of the file to write.

    Raises:
        PermanentError, TransientError: It cannot be written, or what `candidates` raises.
    """
    path, digest, files, photos = workplace.folder / name, hashlib.sha256(), 0, 0
    with _open_writer(path, workplace) as writer:
        while some := list(islice(candidates, PART_FILES)):
            for candidate in some:
                facts = (candidate.uri, candidate.flaw, find_stamp(candidate))
                digest.update("".join(f"{fact}\n" for fact in facts).encode())
            files += len(some)
            photos += sum(candidate.flaw is None for candidate in some)
            with workplace.writing():
                writer.write_batch(_to_batch(some))
    return Listing(path, files, photos, digest.hexdigest())


@contextmanager
def _open_writer(path: Path, workplace: Workplace) -> Iterator[pq.ParquetWriter]:
    """Explain the errors of opening and closing, but not those of the block: it reads the data."""
    stack = ExitStack()
    try:
        with workplace.writing():
            file = stack.enter_context(path.open("wb"))
            writer = stack.enter_context(pq.ParquetWriter(file, _SCHEMA))
        yield writer
    finally:
        with workplace.writing():
            stack.close()


def _to_batch(candidates: list[Candidate]) -> pa.RecordBatch:
    columns = [
        [candidate.uri for candidate in candidates],
        [candidate.size for candidate in candidates],
        [candidate.flaw and candidate.flaw.kind for candidate in candidates],
        [candidate.flaw and candidate.flaw.sentence for candidate in candidates],
    ]
    return pa.record_batch(
        [pa.array(column, field.type) for column, field in zip(columns, _SCHEMA, strict=True)],
        schema=_SCHEMA,
    )
