"""Read what preprocess wrote: the photos of each split in shuffled order, with their labels."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from viewfinder_components.errors import reason_of
from viewfinder_components.formats.shard_files import (
    MANIFEST,
    PIXELS,
    SCHEMA_VERSION,
    SPLITS,
    ShardFiles,
    SplitPixels,
    unreadable_shards,
)

__all__ = ["MANIFEST", "PIXELS", "SCHEMA_VERSION", "SPLITS", "Shards", "Split"]


@dataclass(frozen=True)
class Split(SplitPixels):
    """The photos of one split, and where they came from."""

    photos_path: Path

    @cached_property
    def photos(self) -> pa.Table:
        """The columns uri, label and sha256; read on first use."""
        try:
            return pq.read_table(self.photos_path)
        except (OSError, pa.ArrowException) as error:
            raise unreadable_shards(self.photos_path, reason_of(error)) from error


class Shards(ShardFiles):
    """A directory completed by preprocess, in an image with pyarrow."""

    def split(self, name: str) -> Split:
        """Open one split.

        Args:
            name: train, val or test.

        Raises:
            PermanentError: There is no such split, or its files do not match `shards.json`.
        """
        found = self.read_split(name)
        path = self.directory / name / "photos.parquet"
        return Split(found.name, found.files, found.rows, found.labels, path)
