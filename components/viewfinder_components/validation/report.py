"""The validation report: the photos, and what was left out and why, as a page."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from viewfinder_components.photos.candidate import SPLITS
from viewfinder_components.photos.near_duplicates import NearGroups
from viewfinder_components.photos.uri import path_to_uri, scheme_of
from viewfinder_components.progress import describe_rate
from viewfinder_components.reports.page import render
from viewfinder_components.reports.pictures import thumbnail
from viewfinder_components.validation.config import ValidationResult
from viewfinder_components.validation.findings import class_counts, reason_counts
from viewfinder_components.validation.gates import Gate
from viewfinder_components.validation.photo_table import (
    CONFLICT,
    DUPLICATE,
    LEAK,
    NONE,
    STATUSES,
    UNREADABLE,
    USED,
    PhotoTable,
)
from viewfinder_components.validation.pixels import PixelReader
from viewfinder_components.whole_files import write_text

# Bounds that keep the page below a megabyte and a tenth of a second, whatever the photos.
_THUMBNAIL = 128
_SHOWN_CLASSES = 8
_PHOTOS_A_CLASS = 8
_SHOWN_COPIES = 6
_SHOWN_PAIRS = 12
_LISTED_CLASSES = 200
_LISTED_FILES = 50


@dataclass(frozen=True)
class ReportContent:
    """The subject of the page."""

    data: str
    photos: PhotoTable
    groups: NearGroups
    """For the used photos, in their order."""
    gates: list[Gate]
    result: ValidationResult
    pixels: PixelReader


def write_report(path: Path, content: ReportContent) -> None:
    """Write the page; its size is bounded however many photos there are."""
    shown = _Shown(content)
    classes = class_counts(content.photos)
    page = render(
        "validation/report.html",
        data=content.data,
        result=content.result,
        rate=describe_rate(sum(content.result.counts.values()), content.result.seconds["read"]),
        gates=[replace(gate, worst=shown.short(gate.worst)) for gate in content.gates],
        classes=_classes(classes),
        more_classes=max(0, len(classes) - _LISTED_CLASSES),
        splits=SPLITS,
        reasons=[
            {"status": status, "kind": kind.replace("_", " "), "count": count}
            for (status, kind), count in reason_counts(content.photos).items()
        ],
        examples=list(shown.examples()),
        conflicts=list(shown.copies(CONFLICT)),
        leaks=list(shown.copies(LEAK)),
        duplicates=list(shown.copies(DUPLICATE)),
        near=list(shown.near_duplicates()),
        unreadable=[shown.caption(int(file)) for file in shown.some(UNREADABLE, _LISTED_FILES)],
    )
    write_text(path, page)


def _classes(counts: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
    """Return the table's rows, largest class first."""
    rows = [{"name": name, "total": sum(of.values()), **of} for name, of in counts.items()]
    rows.sort(key=lambda row: -int(str(row["total"])))
    return rows[:_LISTED_CLASSES]


class _Shown:
    """Chooses photos and makes their thumbnails."""

    def __init__(self, content: ReportContent) -> None:
        self._content = content
        self._photos = content.photos
        self._root = "" if scheme_of(content.data) else path_to_uri(content.data) + "/"

    def some(self, status: int, most: int) -> Any:
        """Return a limited number of files of a status, evenly spread."""
        return _spread(self._photos.where(status), most)

    def caption(self, file: int) -> dict[str, str]:
        """Return the text about a file."""
        label, split = self._photos.label[file], self._photos.split[file]
        return {
            "uri": str(self._photos.uri[file]),
            "name": self.short(str(self._photos.uri[file])),
            "label": "" if label == NONE else self._photos.labels[label],
            "split": "" if split == NONE else SPLITS[split],
            "status": STATUSES[self._photos.status[file]],
            "reason": self.short(self._photos.sentence(file)),
        }

    def picture(self, file: int) -> dict[str, str]:
        """Return a caption with its thumbnail."""
        pixels = self._content.pixels.read(int(self._photos.row[file]))
        return {**self.caption(file), "src": thumbnail(pixels, _THUMBNAIL)}

    def examples(self) -> Iterator[dict[str, Any]]:
        """Yield a few used photos for each of the first classes."""
        used = self._photos.where(USED)
        for place, label in enumerate(self._photos.labels):
            files = used[self._photos.label[used] == place]
            if len(files) and place < _SHOWN_CLASSES:
                pictures = [self.picture(int(file)) for file in _spread(files, _PHOTOS_A_CLASS)]
                yield {"name": label, "photos": pictures}

    def copies(self, status: int) -> Iterator[list[dict[str, str]]]:
        """Yield excluded files, each with the file that its reason refers to."""
        files = self._photos.where(status)
        if status == CONFLICT:  # each of the two files refers to the other: once is enough
            files = files[files < self._photos.other[files]]
        for file in _spread(files, _SHOWN_COPIES):
            yield [self.picture(int(file)), self.picture(int(self._photos.other[file]))]

    def near_duplicates(self) -> Iterator[list[dict[str, str]]]:
        """Yield used photos of one group, first those whose classes differ."""
        used = self._photos.where(USED)
        group = self._content.groups.group
        follower = np.flatnonzero(group != np.arange(len(group)))
        differs = self._photos.label[used[follower]] != self._photos.label[used[group[follower]]]
        for place in follower[np.argsort(~differs, kind="stable")][:_SHOWN_PAIRS]:
            yield [self.picture(int(used[group[place]])), self.picture(int(used[place]))]

    def short(self, text: str) -> str:
        """Return a text with uris relative to the folder that the page is about."""
        return text.replace(self._root, "") if self._root else text


def _spread(files: Any, most: int) -> Any:
    """Return at most `most` files, evenly spaced."""
    return files[np.unique(np.linspace(0, len(files) - 1, min(most, len(files))).astype(int))]
