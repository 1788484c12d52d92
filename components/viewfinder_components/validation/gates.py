"""The limits that photos must meet before a model is trained on them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError, SeveralErrors
from viewfinder_components.photos.layout import like_split
from viewfinder_components.validation.config import ValidationConfig
from viewfinder_components.validation.duplicates import given_split
from viewfinder_components.validation.findings import (
    class_counts,
    empty_classes,
    find_single_class,
    name_left_out,
    name_some,
    reason_counts,
)
from viewfinder_components.validation.photo_table import (
    IGNORED,
    NONE,
    TEST,
    UNREADABLE,
    USED,
    VAL,
    PhotoTable,
)


@dataclass(frozen=True)
class Gate:
    """A limit, and the measured value."""

    title: str
    """What is measured."""
    value: str
    limit: str
    passed: bool
    worst: str
    """What exceeded the limit, or came closest; may be empty."""
    remedy: str
    """What to do if the gate fails."""
    heading: str = ""
    """What a table calls the measured value, if `title` depends on the limit's number."""
    judged: bool = True
    """Whether there was anything to judge; if there are no photos, the gate `classes` says so."""


def check_gates(
    photos: PhotoTable, leaked: NDArray[np.bool_], config: ValidationConfig
) -> list[Gate]:
    """Check the photos against every limit.

    Args:
        photos: After the splits are assigned.
        leaked: Which files are given val or test photos that were also in train.
        config: The limits.
    """
    empty = empty_classes(photos)
    classes = {name: of for name, of in class_counts(photos).items() if name not in empty}
    sizes = {name: sum(of.values()) for name, of in classes.items()}
    is_given = bool((photos.given != NONE).any())
    gates = [
        _classes(sizes, config.min_classes, photos),
        _photos_per_class(sizes, config.min_photos_per_class),
        _train_photos(classes, is_given),
        _test_photos(classes, photos, config),
        _unreadable(photos, config.max_unreadable),
        _imbalance(sizes, config.max_imbalance),
    ]
    if is_given:
        gates.append(_leakage(photos, leaked, config.max_leakage))
    return gates


def raise_failed(gates: list[Gate]) -> None:
    """Raise unless every gate passes.

    Args:
        gates: As returned by `check_gates`.

    Raises:
        PermanentError: Names every failed gate, its value and limit, the worst case and the remedy;
            one line each if there are several.
    """
    errors = [_explain(gate) for gate in gates if not gate.passed]
    if len(errors) > 1:
        raise SeveralErrors(errors)
    if errors:
        raise errors[0]


def _explain(gate: Gate) -> PermanentError:
    found = f"{gate.value} ({gate.worst})" if gate.worst else gate.value
    return PermanentError(f"{gate.limit} {gate.title}", found, gate.remedy)


def _classes(sizes: dict[str, int], least: int, photos: PhotoTable) -> Gate:
    found = [name for name, size in sizes.items() if size]
    left_out = name_left_out(photos)
    remedy = f"add photos of at least {least} classes, each class in its own folder"
    if not found and _are_all_missing(photos):
        remedy = "correct the table: none of its files exist"
    if not found and (folder := find_single_class(photos)):
        remedy = (
            f"{folder} looks like the folder of one class: as data, name the folder that contains "
            "it and those of the other classes, and nothing else"
        )
    if len(found) == 1:
        remedy += "; if the class folders are one folder deeper, name that folder as data"
    return Gate(
        "classes", f"{len(found):,}", f"at least {least:,}", len(found) >= least,
        "; ".join(filter(None, (name_some(found), left_out))) if len(found) < least else "",
        remedy,
    )  # fmt: skip


def _are_all_missing(photos: PhotoTable) -> bool:
    return {kind for _, kind in reason_counts(photos)} == {"missing"}


def _photos_per_class(sizes: dict[str, int], least: int) -> Gate:
    smallest = min(sizes.values(), default=0)
    few = sorted((size, name) for name, size in sizes.items() if size < least)
    return Gate(
        "usable photos in the smallest class",
        f"{smallest:,}",
        f"at least {least:,}",
        not few or not any(sizes.values()),
        name_some([f"{name} has {size:,}" for size, name in few]),
        "add photos of these classes, remove the classes or lower min_photos_per_class",
        judged=any(sizes.values()),
    )


def _train_photos(classes: dict[str, dict[str, int]], is_given: bool) -> Gate:
    lacking = [name for name, of in classes.items() if sum(of.values()) and not of["train"]]
    remedy = "add photos of these classes that differ from those of other classes"
    if is_given:
        remedy = "give these classes train photos, or give no splits at all, so that they are drawn"
    if lacking and all(like_split(name) for name in lacking):
        remedy = "the class folders seem to be one level too deep: move them up by one"
    return Gate(
        "classes without train photos", f"{len(lacking):,}", "no", not lacking,
        name_some(lacking), remedy, judged=any(sum(of.values()) for of in classes.values()),
    )  # fmt: skip


def _test_photos(
    classes: dict[str, dict[str, int]], photos: PhotoTable, config: ValidationConfig
) -> Gate:
    """Check each class's test photos against the minimum, and all of them against one."""
    found = {name: of["test"] for name, of in classes.items() if sum(of.values())}
    least = config.min_test_photos_per_class
    few = sorted((size, name) for name, size in found.items() if size < least)
    total = sum(found.values())
    title = f"test photo{'' if least == 1 else 's'} in every class"
    value, limit = f"{min(found.values(), default=0):,}", least
    if not total:
        title, value, limit = "test photo in total", "0", 1
    remedy = _more_test_photos(photos, config)
    if total:
        remedy += ", or lower min_test_photos_per_class: a class without any is not measured"
    return Gate(
        title, value, f"at least {limit:,}", not few and (total > 0 or not found),
        name_some([f"{name} has {size:,}" for size, name in few]), remedy,
        heading="test photos in every class", judged=bool(found),
    )  # fmt: skip


def _more_test_photos(photos: PhotoTable, config: ValidationConfig) -> str:
    """Return how to get test photos, given the user's own splits and settings."""
    if (photos.given == TEST).any():
        return "add test photos of these classes"
    if not config.test_fraction:
        return "raise test_fraction"
    advice = "add photos of these classes"
    if config.near_duplicate_distance:
        advice += (
            " that look different (photos that look alike stay in one split), or set "
            "near_duplicate_distance=0 if photos that look alike are different, such as a "
            "fixed camera's"
        )
    return advice


def _unreadable(photos: PhotoTable, most: float) -> Gate:
    bad = photos.where(UNREADABLE)
    tried = int((photos.status != IGNORED).sum())
    share = len(bad) / max(tried, 1)
    examples = [f"{photos.uri[int(file)]}: {photos.sentence(int(file))}" for file in bad[:3]]
    return Gate(
        "unreadable files", f"{share:.1%} ({len(bad):,} of {tried:,})", f"at most {most:.1%}",
        share <= most, name_some(examples),
        "replace these files, remove them or raise max_unreadable",
    )  # fmt: skip


def _imbalance(sizes: dict[str, int], most: float) -> Gate:
    found = {name: size for name, size in sizes.items() if size}
    # By name where sizes are equal, so that the message is the same in every run.
    order = sorted(found, key=lambda name: (found[name], name))
    small, large = (order[0], order[-1]) if order else ("", "")
    ratio = found[large] / found[small] if found else 1.0
    worst = f"{large} has {found[large]:,}, {small} has {found[small]:,}" if found else ""
    return Gate(
        "imbalance (largest class : smallest)", f"{ratio:.1f} : 1", f"at most {most:g} : 1",
        ratio <= most, worst if ratio > 1 else "",
        "add photos of the small classes or raise max_imbalance", judged=bool(found),
    )  # fmt: skip


def _leakage(photos: PhotoTable, leaked: NDArray[np.bool_], most: float) -> Gate:
    used = photos.where(USED)
    given = given_split(photos)[used]
    judged = used[(given == TEST) | (given == VAL)]
    bad = judged[leaked[judged]]
    share = len(bad) / max(len(judged), 1)
    return Gate(
        "val and test photos that are also in train",
        f"{share:.1%} ({len(bad):,} of {len(judged):,})", f"at most {most:.1%}",
        share <= most, name_some([str(photos.uri[int(file)]) for file in bad[:3]]),
        "redo the splits, or raise max_leakage: the copies in train are left out anyway",
    )  # fmt: skip
