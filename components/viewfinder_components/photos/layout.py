"""Distinguish folders of splits (`train/`, `test/`) from folders of classes, by their names.

Mistaking one for the other would silently train a model on nonsense, so unclear cases are refused,
and the user says which of the two it is.
"""

import re
from collections.abc import Callable, Iterable
from typing import Literal

from viewfinder_components.errors import PermanentError
from viewfinder_components.photos.candidate import SPLIT_NAMES, Flaw

Layout = Literal["auto", "class", "split"]
"""How a folder may be laid out; `auto` detects it."""

BESIDE_SPLITS = Flaw("beside_splits", "it is next to the folders of splits but is not one of them")

# Such as train2017, test1, seg_train, training_set, val_images; alone such a name says nothing.
_LIKE_SPLITS = re.compile(
    r"(?:.*[_-])?(?P<word>train(?:ing)?|val(?:id(?:ation)?)?|dev|eval(?:uation)?|test(?:ing)?)"
    r"(?:[_-]?(?:set|data|split|images?|imgs?|photos?))?(?:[_-]?\d+)?"
)
_MORE_WORDS = {"eval": "val", "evaluation": "val"}
_NAMED = 5

Splits = dict[str, str]
"""Folders' names, and the split that each stands for."""


def find_splits(
    names: Iterable[str], layout: str, place: str, holds_folders: Callable[[str], bool]
) -> Splits:
    """Decide what the top-level folders are.

    Args:
        names: All visible top-level folders.
        layout: One of `Layout`.
        place: Where they are, for the error.
        holds_folders: Whether one of them contains folders.

    Returns:
        The folders of splits, whose folders are classes; none if the folders are classes.

    Raises:
        PermanentError: It is not clear, or `layout` is `split` and no folder is named like one.
    """
    if layout == "class":
        return {}
    folders = list(names)
    splits = _named_splits(folders)
    if layout == "split":
        if not splits:
            raise PermanentError(
                f"folders named {', '.join(SPLIT_NAMES)} in {place}",
                _some(folders) or "none",
                "rename the folders, or set layout=class if they are classes",
            )
        return splits
    others = [name for name in folders if name not in splits]
    with_classes = [name for name in splits if holds_folders(name)]
    return splits if _are_splits(splits, others, with_classes, place) else {}


def _named_splits(names: list[str]) -> Splits:
    exact = {name: SPLIT_NAMES[name.lower()] for name in names if name.lower() in SPLIT_NAMES}
    alike = {name: split for name in names if (split := exact.get(name) or like_split(name))}
    kinds = set(alike.values())
    return alike if "train" in kinds and len(kinds) > 1 else exact


def like_split(name: str) -> str | None:
    """Return the split that a folder's name may stand for, such as `seg_train`."""
    match = _LIKE_SPLITS.fullmatch(name.lower())
    if match is None:
        return None
    return SPLIT_NAMES.get(match["word"]) or _MORE_WORDS[match["word"]]


def _are_splits(splits: Splits, others: list[str], with_classes: list[str], place: str) -> bool:
    kinds = set(splits.values())
    trains = [name for name in with_classes if splits[name] == "train"]
    if trains and (len(kinds) > 1 or not others):
        return True
    if trains:
        raise PermanentError(
            f"either folders of splits or folders of classes in {place}",
            f"{trains[0]!r}, which contains folders, next to {_some(others)}",
            f"set layout=split to ignore what is next to {trains[0]!r}, or layout=class if it is "
            "a class like the others",
        )
    if len(kinds) > 1 and not others:
        raise _incomplete(splits, place)
    return False


def _incomplete(splits: Splits, place: str) -> PermanentError:
    names = _some(list(splits))
    remedy = "set layout=class if these folders are the classes themselves"
    if "train" not in splits.values():
        return PermanentError(
            f"a folder 'train' next to the other splits in {place}",
            names,
            f"name the folder of the training photos train; {remedy}",
        )
    return PermanentError(
        f"one folder per class inside the folders of splits in {place}",
        f"{names} with only files",
        f"put the photos into such folders, or list them in a table; {remedy}",
    )


def _some(names: list[str]) -> str:
    rest = len(names) - _NAMED
    return ", ".join(map(repr, names[:_NAMED])) + (f" and {rest:,} more" if rest > 0 else "")
