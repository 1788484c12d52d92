"""Predictions as an object in a bucket."""

import io
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from viewfinder_components.prediction.taken_output import taken
from viewfinder_components.storage.bucket_errors import explained
from viewfinder_components.storage.checksums import digest_file
from viewfinder_components.storage.clients import open_client
from viewfinder_components.storage.location import Location
from viewfinder_components.storage.objects import ObjectError
from viewfinder_components.storage.probe import probe
from viewfinder_components.writing import HOME

_TAIL_BYTES = 8  # the length of the footer, and the format's mark


@dataclass(frozen=True)
class BucketOutput:
    """An object in a bucket; an `Output`."""

    place: Location
    folder: Path

    @property
    def workplace(self) -> Path:
        """A folder on this machine."""
        return self.folder

    @property
    def advice(self) -> tuple[str, str]:
        """See `Output.advice`."""
        return HOME

    @property
    def uri(self) -> str:
        """Its URI."""
        return self.place.uri

    def check(self) -> None:
        """See `Output.check`."""
        probe(self.uri.rpartition("/")[0], write=True)

    def is_own(self, uri: str) -> bool:
        """See `Output.is_own`."""
        return uri == self.uri

    def read_schema(self) -> pa.Schema | None:
        """See `Output.read_schema`; only the end of the object is downloaded."""
        client, key = open_client(self.place), self.place.key
        with explained(self.place):
            try:
                size = client.stat(key).size
            except ObjectError as error:
                if error.kind != "missing":
                    raise
                return None
            if size <= _TAIL_BYTES:
                return pa.schema([])
            tail = client.read(key, size - _TAIL_BYTES)
            footer = int.from_bytes(tail[:4], "little") + _TAIL_BYTES
            if not tail.endswith(b"PAR1") or footer > size:
                return pa.schema([])
            content = client.read(key, size - footer)
        try:
            return pq.read_schema(io.BytesIO(b"PAR1" + content))
        except (pa.ArrowException, OSError):
            return pa.schema([])

    def put(self, file: Path, replace: bool) -> None:
        """See `Output.put`; a store has no renames, so what is replaced is deleted first."""
        client = open_client(self.place)
        with explained(self.place):
            if replace:
                client.delete(self.place.key)
            try:
                client.upload(self.place.key, file, digest_file(file))
            except ObjectError as error:
                if error.kind == "taken":
                    raise taken(self.uri) from error
                raise
