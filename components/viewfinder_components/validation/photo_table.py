"""Everything found, one row per file, in columns: a million files take 250 MB."""

from array import array
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from viewfinder_components.formats import photo_index
from viewfinder_components.photos.candidate import SPLITS, Candidate

STATUSES = (photo_index.USED, "duplicate", "conflict", "leak", "unreadable", "ignored")
USED, DUPLICATE, CONFLICT, LEAK, UNREADABLE, IGNORED = range(len(STATUSES))
TRAIN, VAL, TEST = range(len(SPLITS))
NONE = -1
"""No label, split, row or other file."""

_CHUNK_ROWS = 4096


class Reason(NamedTuple):
    """Why files are not used. `{other}` and `{class}` stand for another file and its class."""

    kind: str = ""
    """In one word, for counting; empty for used files."""
    sentence: str = ""


class Content(NamedTuple):
    """What was learned by reading a file, before it is compared with the others."""

    status: int
    reason: Reason = Reason()
    digest: bytes = bytes(32)
    """SHA-256 of the bytes; zeros if they were not read."""
    look: int = 0
    """The perceptual hash."""
    width: int = 0
    height: int = 0
    quality: int = 0
    """A JPEG's, as `estimate_quality` finds it."""
    row: int = NONE
    """Where its pixels are; files with the same bytes share them."""


@dataclass
class PhotoTable:
    """The columns; `n` files. The rules of later phases write into some of them."""

    uri: pa.ChunkedArray
    labels: list[str]
    """Sorted."""
    reasons: list[Reason]
    """The first one is that of used files."""
    label: NDArray[np.int32]
    """Index into `labels`."""
    given: NDArray[np.int8]
    """The split that the source gives, index into SPLITS."""
    split: NDArray[np.int8]
    """The split that it is assigned to; NONE unless used."""
    status: NDArray[np.int8]
    """Index into STATUSES."""
    reason: NDArray[np.int32]
    """Index into `reasons`."""
    other: NDArray[np.int64]
    """The file that the reason refers to."""
    digest: NDArray[np.uint8]
    """`[n, 32]`, SHA-256."""
    look: NDArray[np.uint64]
    """Perceptual hash."""
    width: NDArray[np.int32]
    height: NDArray[np.int32]
    quality: NDArray[np.int8]
    row: NDArray[np.int64]
    outside: NDArray[np.int8]
    """1 if it was reached by a link out of the folder."""

    def __len__(self) -> int:
        return len(self.status)

    def where(self, status: int) -> NDArray[np.int64]:
        """Return the files of a status, in order."""
        files: NDArray[np.int64] = np.flatnonzero(self.status == status)
        return files

    def exclude(
        self, files: NDArray[np.int64], status: int, reason: Reason, others: NDArray[np.int64]
    ) -> None:
        """Exclude `files`; `others` are the files that the reason refers to."""
        if reason not in self.reasons:
            self.reasons.append(reason)
        self.status[files] = status
        self.reason[files] = self.reasons.index(reason)
        self.other[files] = others

    def sentence(self, file: int) -> str:
        """Return why a file is not used; empty if it is."""
        sentence = self.reasons[int(self.reason[file])].sentence
        other = int(self.other[file])
        if other == NONE:
            return sentence
        label = self.labels[int(self.label[other])]
        return sentence.replace("{class}", label).replace("{other}", str(self.uri[other]))


@dataclass
class PhotoTableBuilder:
    """Collects the columns file by file."""

    _uris: list[str] = field(default_factory=list)
    _chunks: list[pa.Array] = field(default_factory=list)
    _labels: dict[str, int] = field(default_factory=dict)
    _reasons: list[Reason] = field(default_factory=lambda: [Reason()])
    _reason_places: dict[Reason, int] = field(default_factory=lambda: {Reason(): 0})
    _digests: bytearray = field(default_factory=bytearray)
    _columns: dict[str, "array[Any]"] = field(
        default_factory=lambda: {
            "label": array("i"),
            "given": array("b"),
            "status": array("b"),
            "reason": array("i"),
            "look": array("Q"),
            "width": array("i"),
            "height": array("i"),
            "quality": array("b"),
            "row": array("q"),
            "outside": array("b"),
        }
    )

    def __len__(self) -> int:
        return len(self._columns["status"])

    def add(self, candidate: Candidate, content: Content) -> None:
        """Append a file."""
        label, split = candidate.label, candidate.split
        values = {
            "label": NONE if label is None else self._labels.setdefault(label, len(self._labels)),
            "given": NONE if split is None else SPLITS.index(split),
            "status": content.status,
            "reason": self._place(content.reason),
            "look": content.look,
            "width": content.width,
            "height": content.height,
            "quality": content.quality,
            "row": content.row,
            "outside": candidate.outside,
        }
        for name, value in values.items():
            self._columns[name].append(value)
        self._digests += content.digest
        self._uris.append(candidate.uri)
        if len(self._uris) == _CHUNK_ROWS:
            self._flush()

    def content(self, number: int) -> Content:
        """Return what was recorded about a file added before."""
        status, reason, look, width, height, quality, row = (
            self._columns[name][number]
            for name in ("status", "reason", "look", "width", "height", "quality", "row")
        )
        digest = bytes(self._digests[32 * number : 32 * number + 32])
        known = self._reasons[reason]
        return Content(status, known, digest, look, width, height, quality, row)

    def build(self) -> PhotoTable:
        """Return the columns; the builder cannot be used again."""
        self._flush()
        count = len(self)
        columns = {
            name: np.frombuffer(values, values.typecode) for name, values in self._columns.items()
        }
        labels = sorted(self._labels)
        places = {label: place for place, label in enumerate(labels)}
        # NONE, -1, points to the last element.
        renumbered = np.array([*(places[label] for label in self._labels), NONE], np.int32)
        columns["label"] = renumbered[columns["label"]]
        return PhotoTable(
            uri=pa.chunked_array(self._chunks, pa.string()),
            labels=labels,
            reasons=self._reasons,
            split=np.full(count, NONE, np.int8),
            other=np.full(count, NONE, np.int64),
            digest=np.frombuffer(self._digests, np.uint8).reshape(count, 32),
            **columns,
        )

    def _place(self, reason: Reason) -> int:
        place = self._reason_places.setdefault(reason, len(self._reasons))
        if place == len(self._reasons):
            self._reasons.append(reason)
        return place

    def _flush(self) -> None:
        self._chunks.append(pa.array(self._uris, pa.string()))
        self._uris.clear()
