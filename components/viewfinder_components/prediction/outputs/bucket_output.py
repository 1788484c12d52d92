"""Predictions as an object in a bucket."""

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from viewfinder_components.errors import PermanentError
from viewfinder_components.photos.uri import object_to_uri
from viewfinder_components.prediction.outputs.taken_output import taken
from viewfinder_components.prediction.parts.bucket_parts import BucketParts
from viewfinder_components.prediction.parts.workplace import Workplace
from viewfinder_components.spelling import spell
from viewfinder_components.storage.bucket_errors import explained
from viewfinder_components.storage.checksums import digest_file
from viewfinder_components.storage.clients import open_client
from viewfinder_components.storage.listing import list_objects
from viewfinder_components.storage.location import LONGEST_KEY, Location
from viewfinder_components.storage.objects import ObjectError
from viewfinder_components.storage.probe import probe
from viewfinder_components.writing import HOME

_TAIL_BYTES = 8  # the length of the footer, and the format's mark
_LONGEST_PART = f"{'0' * 32}/part-000000.parquet"
_DELETIONS = 16  # at a time


@dataclass(frozen=True)
class BucketOutput:
    """An object in a bucket; an `Output`. The finished parts are beside it, in a hidden folder."""

    place: Location
    folder: Path

    @property
    def workplace(self) -> Workplace:
        """A folder on this machine."""
        return Workplace(self.folder, self.uri, HOME)

    @property
    def uri(self) -> str:
        """Its URI."""
        return self.place.uri

    def check(self) -> None:
        """See `Output.check`."""
        key = self._parts.below(_LONGEST_PART).key
        if (excess := len(key.encode()) - LONGEST_KEY) > 0:
            raise PermanentError(
                f"a name with room for the names of parts at {self.uri}",
                f"one that is {excess} bytes too long",
                f"choose a shorter name with {spell('output')}",
            )
        probe(self.uri.rpartition("/")[0], write=True)

    def is_own(self, uri: str) -> bool:
        """See `Output.is_own`."""
        return uri in (object_to_uri(self.place), f"{object_to_uri(self._parts)}/")

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

    def parts_of(self, job: str) -> BucketParts:
        """See `Output.parts_of`."""
        return BucketParts(self._parts.below(job))

    def clear(self) -> None:
        """See `Output.clear`."""
        self.workplace.clear()
        client = open_client(self.place)
        with explained(self._parts), ThreadPoolExecutor(_DELETIONS) as pool:
            names = (entry.name for entry in list_objects(client, f"{self._parts.key}/"))
            list(pool.map(client.delete, names))

    @property
    def _parts(self) -> Location:
        folder, slash, name = self.place.key.rpartition("/")
        return replace(self.place, key=f"{folder}{slash}.{name}.parts")

    def put(self, file: Path, replace: bool) -> None:
        """See `Output.put`."""
        client = open_client(self.place)
        with explained(self.place):
            try:
                client.upload(self.place.key, file, digest_file(file), replace)
            except ObjectError as error:
                if error.kind == "taken":
                    raise taken(self.uri, self.read_schema()) from error
                raise
