"""The photos that the page shows, with what is suspicious about them."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from viewfinder_components.evaluation.label_issues.find import LabelIssues
from viewfinder_components.evaluation.label_issues.photo_set import PhotoSet
from viewfinder_components.formats.label_issues import KINDS
from viewfinder_components.reports.pictures import thumbnail

_SHOWN = {"near duplicate": 12, "label error": 24, "outlier": 12, "doubtful": 12}
"""The largest number of photos of each kind on the page."""


def describe_label_issues(found: LabelIssues, photos: PhotoSet) -> dict[str, Any]:
    """Return what the page says, with a thumbnail of the pixels the model saw, JSON-ready.

    Args:
        found: The issues.
        photos: The photos in which they were found.
    """
    return {
        "photos": len(photos),
        "counts": found.counts,
        "has_features": photos.features is not None,
        "features_saw_labels": photos.features_saw_labels,
        "shown": {kind: list(_describe(found, photos, kind)) for kind in KINDS},
    }


def _describe(found: LabelIssues, photos: PhotoSet, kind: str) -> Iterator[dict[str, Any]]:
    of_kind = [number for number, issue in enumerate(found.issues) if issue.kind == kind]
    for number in of_kind[: _SHOWN[kind]]:
        split, place = photos.place(found.places[number])
        picture = thumbnail(split.pixels(place, place + 1)[0])
        yield {**asdict(found.issues[number]), "thumbnail": picture}
