"""Statements about the photos: counts and warnings."""

from collections import Counter

import numpy as np

from viewfinder_components.photos.candidate import SPLIT_NAMES, SPLITS
from viewfinder_components.photos.folder import EMPTY_FOLDER, HIDDEN, NO_LABEL
from viewfinder_components.photos.layout import BESIDE_SPLITS
from viewfinder_components.photos.near_duplicates import NearGroups
from viewfinder_components.photos.uri import scheme_of, uri_to_path
from viewfinder_components.reports.formatting import plural
from viewfinder_components.validation.photo_table import IGNORED, NONE, STATUSES, USED, PhotoTable

_NAMED = 5  # examples that a sentence names
_PICTURES = (".jpg", ".jpeg", ".png", ".heic", ".heif", ".avif", ".webp", ".gif", ".bmp", ".tif",
             ".tiff")  # fmt: skip


_SPLIT_WORDS = {"val": "validation", "test": "test"}


def status_counts(photos: PhotoTable) -> dict[str, int]:
    """Count all files by status."""
    counts = np.bincount(photos.status, minlength=len(STATUSES))
    return dict(zip(STATUSES, counts.tolist(), strict=True))


def reason_counts(photos: PhotoTable) -> dict[tuple[str, str], int]:
    """Count the excluded files by status and kind of reason, most frequent first."""
    counts: Counter[tuple[str, str]] = Counter()
    pairs, sizes = np.unique(np.stack([photos.status, photos.reason]), axis=1, return_counts=True)
    for status, reason, size in zip(*pairs.tolist(), sizes.tolist(), strict=True):
        if status != USED:
            counts[STATUSES[status], photos.reasons[reason].kind] += size
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def class_counts(photos: PhotoTable) -> dict[str, dict[str, int]]:
    """Count the used photos by class and split, including classes without any."""
    used = photos.where(USED)
    counts = np.zeros((len(photos.labels), len(SPLITS)), np.int64)
    np.add.at(counts, (photos.label[used], photos.split[used]), 1)
    return {
        label: dict(zip(SPLITS, row, strict=True))
        for label, row in zip(photos.labels, counts.tolist(), strict=True)
    }


def empty_classes(photos: PhotoTable) -> list[str]:
    """Return the classes in which no possible photos were found."""
    tried = np.unique(photos.label[(photos.status != IGNORED) & (photos.label != NONE)])
    return [label for place, label in enumerate(photos.labels) if place not in set(tried.tolist())]


def find_single_class(photos: PhotoTable) -> str | None:
    """Return the folder named as data if it seems to contain the photos of a single class.

    It then contains only files, some of them pictures by name.

    Returns:
        Its path or URI; None if there are class folders, or no pictures.
    """
    kinds = {kind for _, kind in reason_counts(photos)}
    if photos.labels or not kinds <= {NO_LABEL.kind, HIDDEN.kind} or not len(photos):
        return None
    uris = (str(uri) for uri in photos.uri)
    picture = next((uri for uri in uris if uri.lower().endswith(_PICTURES)), None)
    if picture is None:
        return None
    folder = picture.rpartition("/")[0]
    parent = folder.rpartition("/")[0]
    if not parent or parent.endswith("/"):  # the root, or a whole bucket
        return None
    return folder if scheme_of(folder) else uri_to_path(folder)


def find_warnings(photos: PhotoTable, groups: NearGroups) -> list[str]:
    """Return what a user should know although it does not stop the run."""
    classes = class_counts(photos)
    warnings = _about_folders(photos, classes)
    if empty := empty_classes(photos):
        folders = plural(len(empty), "folder has", "folders have")
        warnings.append(f"{folders} no photos and therefore no class: {name_some(empty)}.")
    if (outside := np.flatnonzero((photos.status == USED) & (photos.outside == 1))).size:
        # By class and name: the link may be the class's folder.
        names = ["/".join(str(photos.uri[int(file)]).rsplit("/", 2)[1:]) for file in outside]
        warnings.append(
            f"{plural(len(outside), 'photo is', 'photos are')} outside the folder, behind links: "
            f"{name_some(names)}. Remove the links if the model should not be trained on these "
            "photos, or if reports should not show them."
        )
    for split in ("val", "test"):
        lacking = [label for label, of in classes.items() if sum(of.values()) and not of[split]]
        if lacking and len(lacking) == sum(bool(sum(of.values())) for of in classes.values()):
            warnings.append(f"There are no {_SPLIT_WORDS[split]} photos.")
        elif lacking:
            number = plural(len(lacking), "class has", "classes have")
            warnings.append(f"{number} no {_SPLIT_WORDS[split]} photos: {name_some(lacking)}.")
    if groups.oversized.any():
        warnings.append(
            f"{int(groups.oversized.sum()):,} photos look exactly like many others, so "
            "all of them are training photos. Check that they are really photos. If they show "
            "different things, such as photos from a fixed camera, set near_duplicate_distance=0."
        )
    if torn := near_pairs_of_two_classes(photos, groups):
        warnings.append(
            f"{plural(torn, 'group')} of near duplicates {'has' if torn == 1 else 'have'} photos "
            "of different classes. Check their labels."
        )
    return warnings


def _about_folders(photos: PhotoTable, classes: dict[str, dict[str, int]]) -> list[str]:
    """Describe how folders that might have been something else were treated."""
    warnings = []
    kinds = [reason.kind for reason in photos.reasons]
    if BESIDE_SPLITS.kind in kinds:
        beside = np.flatnonzero(photos.reason == kinds.index(BESIDE_SPLITS.kind))
        names = [_name_of(photos, file) for file in beside]
        items = plural(len(names), "item is", "items are")
        was = "was" if len(names) == 1 else "were"
        warnings.append(
            f"{items} next to the folders of splits, and {was} left out: {name_some(names)}."
        )
    alike = [
        name for name, of in classes.items() if name.lower() in SPLIT_NAMES and any(of.values())
    ]
    if alike and (photos.given == NONE).all():
        warnings.append(
            f"{plural(len(alike), 'class has', 'classes have')} the name of a split: "
            f"{name_some(alike)}. Set layout=split if the classes are in folders below them."
        )
    return warnings


def name_left_out(photos: PhotoTable) -> str:
    """Return how many files were found and why they were left out, with examples."""
    reasons = list(reason_counts(photos).items())
    if not reasons:
        return ""
    if len(photos) == 1 and photos.reasons[int(photos.reason[0])].kind == EMPTY_FOLDER.kind:
        return EMPTY_FOLDER.sentence
    parts = []
    for (status, kind), count in reasons[:_NAMED]:
        places = [place for place, reason in enumerate(photos.reasons) if reason.kind == kind]
        files = photos.where(STATUSES.index(status))
        name = _name_of(photos, files[np.isin(photos.reason[files], places)][0])
        parts.append(f"{count:,} {status} ({kind.replace('_', ' ')}, such as {name})")
    more = len(reasons) - _NAMED
    if more > 0:
        parts.append(f"{more} more reasons")
    return f"of {plural(len(photos), 'file')} found, {', '.join(parts)}"


def _name_of(photos: PhotoTable, file: np.int64) -> str:
    return str(photos.uri[int(file)]).rstrip("/").rpartition("/")[2]


def near_pairs_of_two_classes(photos: PhotoTable, groups: NearGroups) -> int:
    """Count the groups of near duplicates whose photos are of different classes."""
    label = photos.label[photos.where(USED)]
    low = np.full(len(label), len(photos.labels))
    high = np.full(len(label), NONE)
    np.minimum.at(low, groups.group, label)
    np.maximum.at(high, groups.group, label)
    return int((low < high).sum())


def name_some(names: list[str]) -> str:
    """Return the first few names as a phrase."""
    rest = len(names) - _NAMED
    some = ", ".join(names[:_NAMED])
    return f"{some} and {rest:,} more" if rest > 0 else some
