"""Find the photos that `data` names, whatever form it has."""

import os
from collections.abc import Iterator
from pathlib import Path

from viewfinder_components.errors import PermanentError
from viewfinder_components.photos.candidate import Candidate
from viewfinder_components.photos.folder import LAYOUTS, find_in_folder
from viewfinder_components.photos.package import find_in_package
from viewfinder_components.photos.table import SUFFIXES, find_in_table
from viewfinder_components.photos.uri import PACKAGE, scheme_of


def find_photos(data: str, layout: str = "auto") -> Iterator[Candidate]:
    """Yield everything met where `data` says, in an order that the data alone decides.

    Args:
        data: A folder, a CSV or parquet file, or `package://<package>?label=<column>`.
        layout: How a folder is laid out, one of `folder.LAYOUTS`.

    Raises:
        PermanentError: There is nothing, or nothing that can be read.
    """
    if layout not in LAYOUTS:
        raise PermanentError(f"a layout among {', '.join(LAYOUTS)}", repr(layout), "correct layout")
    scheme = scheme_of(data)
    if scheme == PACKAGE:
        return find_in_package(data)
    if scheme and scheme != "file://":
        raise PermanentError(
            "photos on this machine",
            data,
            f"{scheme} is not yet supported: copy the photos to a folder and name that",
        )
    return _find_in_path(data.removeprefix("file://"), layout)


def _find_in_path(path: str, layout: str) -> Iterator[Candidate]:
    if os.path.isdir(path):
        return find_in_folder(path, layout)
    if os.path.isfile(path) and path.lower().endswith(SUFFIXES):
        return find_in_table(Path(path))
    received = "a file of another kind" if os.path.exists(path) else "nothing"
    raise PermanentError(
        f"a folder, or a table ({', '.join(SUFFIXES)}), at {path!r}", received, "correct data"
    )
