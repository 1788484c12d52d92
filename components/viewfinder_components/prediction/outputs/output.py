"""Where predictions go: a file on a disk, or an object in a bucket."""

import hashlib
import os
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from viewfinder_components.errors import UsageError
from viewfinder_components.photos.uri import FILE, file_uri_to_path, scheme_of
from viewfinder_components.prediction.outputs.bucket_output import BucketOutput
from viewfinder_components.prediction.outputs.local_output import LocalOutput
from viewfinder_components.prediction.outputs.output_name import SUFFIX, is_output_name
from viewfinder_components.prediction.parts.parts import PartStore
from viewfinder_components.prediction.parts.workplace import Workplace
from viewfinder_components.spelling import spell
from viewfinder_components.storage.location import BUCKET_SCHEMES, Location


class Output(Protocol):
    """A place for predictions."""

    @property
    def uri(self) -> str:
        """Its path, or its URI."""

    @property
    def workplace(self) -> Workplace:
        """A folder on this machine for unfinished work."""

    def check(self) -> None:
        """Check that it can be written.

        Raises:
            PermanentError: It cannot.
            TransientError: The store does not answer.
        """

    def is_own(self, uri: str) -> bool:
        """Return whether a file is this place, or the folder of its parts: no photo."""

    def read_schema(self) -> pa.Schema | None:
        """Return the schema of what is there.

        Returns:
            None if nothing is there; a schema without columns if it is another kind of file.

        Raises:
            PermanentError, TransientError: It cannot be read.
        """

    def parts_of(self, job: str) -> PartStore:
        """Return where the finished parts of a job are kept until all are there.

        Args:
            job: What identifies the job.
        """

    def clear(self) -> None:
        """Remove all unfinished work, for the process that holds the workplace: every job's."""

    def put(self, file: Path, replace: bool) -> None:
        """Move a file there.

        Args:
            file: The file, in the workplace.
            replace: Whether something that is there may be replaced; readers then find the old
                file until the new one is complete.

        Raises:
            PermanentError: Something is there, or it cannot be written.
            TransientError: The store does not answer.
        """


def open_output(output: str, scratch: Path) -> Output:
    """Return the place that a user named.

    Args:
        output: A path or `file://` URI, or `gs://` or `s3://`; it ends in `.parquet`.
        scratch: A folder on this machine for the unfinished work of an output in a bucket.

    Raises:
        UsageError: It is no such place.
    """
    scheme = scheme_of(output)
    *most, last = BUCKET_SCHEMES
    kinds = f"a path or a {', '.join(most)} or {last} URI that ends in {SUFFIX}"
    works = f"{spell('output')} to be {kinds}"
    if not is_output_name(output) or "\0" in output:
        raise UsageError(works, repr(output), f"name a file such as predictions{SUFFIX}")
    if scheme in BUCKET_SCHEMES:
        if not _is_unicode(output):
            raise UsageError(works, f"{output!r}, which is not UTF-8", "name another object")
        place = Location.parse(output)
        if not place.key:
            raise UsageError(
                works,
                f"{output!r}, which is a bucket's name alone",
                f"name an object in a bucket, such as {scheme}BUCKET/predictions{SUFFIX}",
            )
        name = hashlib.sha256(place.uri.encode()).hexdigest()[:16]
        return BucketOutput(place, scratch / name)
    if scheme and scheme != FILE:
        raise UsageError(works, f"{output!r} ({scheme} is not supported)", "name such a place")
    path = file_uri_to_path(output) if scheme else os.path.expanduser(output)
    return LocalOutput(Path(os.path.realpath(path)))


def _is_unicode(text: str) -> bool:
    """Return whether a text can be written in UTF-8; some names of files cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
