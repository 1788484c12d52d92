"""Parts as objects in a bucket."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from viewfinder_components.prediction.parts.table import REPETITIVE
from viewfinder_components.storage.bucket_errors import explained
from viewfinder_components.storage.checksums import digest_file
from viewfinder_components.storage.clients import open_client
from viewfinder_components.storage.downloading import download_object
from viewfinder_components.storage.listing import list_objects
from viewfinder_components.storage.location import Location
from viewfinder_components.storage.objects import ObjectError


@dataclass(frozen=True)
class BucketParts:
    """A folder in a bucket; a `PartStore`.

    The store checks what it receives, so an object that is there is whole.
    """

    place: Location

    @property
    def uri(self) -> str:
        """Its URI."""
        return self.place.uri

    def find_whole(self, rows: Mapping[str, int]) -> set[str]:
        """See `PartStore.find_whole`."""
        prefix = f"{self.place.key}/"
        with explained(self.place):
            objects = list_objects(open_client(self.place), prefix)
            return rows.keys() & {entry.name.removeprefix(prefix) for entry in objects}

    def read(self, name: str, columns: Sequence[str] | None = None) -> pa.Table | None:
        """See `PartStore.read`."""
        with explained(self.place):
            try:
                content = open_client(self.place).read(self.place.below(name).key)
            except ObjectError as error:
                if error.kind != "missing":
                    raise
                return None
        return pq.read_table(pa.BufferReader(content), columns=columns)

    def write(self, name: str, table: pa.Table) -> None:
        """See `PartStore.write`."""
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, use_dictionary=REPETITIVE)
        with explained(self.place), _unless_there():
            content = sink.getvalue().to_pybytes()
            open_client(self.place).create(self.place.below(name).key, content)

    def keep(self, file: Path) -> None:
        """See `PartStore.keep`."""
        with explained(self.place), _unless_there():
            client = open_client(self.place)
            client.upload(self.place.below(file.name).key, file, digest_file(file))

    def fetch(self, name: str, folder: Path) -> Path | None:
        """See `PartStore.fetch`."""
        client, key, path = open_client(self.place), self.place.below(name).key, folder / name
        path.unlink(missing_ok=True)
        with explained(self.place):
            try:
                download_object(client, key, client.stat(key).size, path)
            except ObjectError as error:
                if error.kind != "missing":
                    raise
                return None
        return path


@contextmanager
def _unless_there() -> Iterator[None]:
    """Leave an object that is there: of the same job, it has the same contents."""
    try:
        yield
    except ObjectError as error:
        if error.kind != "taken":
            raise
