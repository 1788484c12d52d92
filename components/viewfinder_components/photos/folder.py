"""Find photos in a folder: `class/photo` or `split/class/photo`."""

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

from viewfinder_components.errors import PermanentError, reason_of
from viewfinder_components.photos.candidate import Candidate, Flaw, to_label
from viewfinder_components.photos.layout import BESIDE_SPLITS, Splits, find_splits
from viewfinder_components.photos.uri import path_to_uri, quote, uri_to_path

_HIDDEN_NAMES = ("thumbs.db", "desktop.ini", "__macosx", "@eadir")  # Windows, macOS, Synology

HIDDEN = Flaw("hidden", "hidden files and files created by the system are not photos")
NO_LABEL = Flaw("no_label", "it is next to the class folders, not in one, so it has no class")
LOOP = Flaw("link_loop", "the link leads to a folder that is already being read")
BROKEN_LINK = Flaw("broken_link", "the link leads nowhere")
NOT_A_FILE = Flaw("not_a_file", "it is neither a file nor a folder")
EMPTY_FOLDER = Flaw("empty_folder", "the folder is empty")
CLOSED_LINK = Flaw("closed_link", "the link cannot be followed")
CLOSED_FOLDER = Flaw("closed_folder", "the folder cannot be opened")


def find_in_folder(root: str, layout: str) -> Iterator[Candidate]:
    """Yield everything found in a folder, in the order of the paths' bytes.

    Links are followed, and candidates outside of the folder are marked; within a class no folder is
    read twice, which ends every loop.

    Args:
        root: An existing folder.
        layout: One of `layout.Layout`.

    Raises:
        PermanentError: The folder cannot be opened, or it is not clear whether the folders in it
            are splits or classes.
    """
    try:
        os.scandir(root).close()
    except OSError as error:
        raise PermanentError(
            f"a readable folder at {root}", reason_of(error), "change its permissions"
        ) from error
    top = _Branch(path_to_uri(root), os.path.realpath(root))
    splits = find_splits(_visible_folders(top), layout, root, partial(_holds_folders, top))
    if splits:
        yield from _find_splits(top, splits)
    else:
        yield from _find_classes(top, None)


class _Entry(NamedTuple):
    """One name in a folder."""

    uri: str
    name: str
    is_folder: bool
    flaw: Flaw | None
    outside: bool


@dataclass(frozen=True)
class _Branch:
    """A folder and the folders that a walk below it must not enter again."""

    uri: str
    root: str
    """The folder of the whole walk, with links resolved."""
    seen: set[tuple[int, int]] = field(default_factory=set)
    """Device and inode of each folder."""
    outside: bool = False
    """Whether a link has led out of the root."""

    def entries(self) -> Iterator[_Entry]:
        """Yield the folder's contents; a folder that cannot be listed raises OSError."""
        # Only names are kept, apart from those that are not plain files: there may be a million.
        special: dict[str, Flaw | None] = {}
        links: dict[str, bool] = {}
        names = []
        with os.scandir(uri_to_path(self.uri)) as entries:
            for entry in entries:
                key = quote(entry.name)
                flaw = _flaw_of(entry)
                if flaw or entry.is_dir():
                    key += "" if flaw else "/"  # sorts a folder where its files' uris sort
                    special[key] = flaw
                if entry.is_symlink():
                    links[key] = not _lies_below(entry.path, self.root)
                names.append(key)
        # The order in which object stores list keys, so that a copy in a bucket is read alike.
        for key in sorted(names, key=uri_to_path):
            name = uri_to_path(key.rstrip("/"))
            flaw = HIDDEN if is_hidden(name) else special.get(key)
            uri, outside = f"{self.uri.rstrip('/')}/{key}", links.get(key, self.outside)
            yield _Entry(uri, name, key.endswith("/"), flaw, outside)

    def enter(self, entry: _Entry) -> "_Branch | Flaw":
        """Enter a folder below, unless it was read before."""
        try:
            status = os.stat(uri_to_path(entry.uri))
        except OSError:
            return CLOSED_FOLDER
        identity = status.st_dev, status.st_ino
        if identity in self.seen:
            return LOOP
        self.seen.add(identity)
        return _Branch(entry.uri, self.root, self.seen, entry.outside)

    def fresh(self) -> "_Branch":
        """Forget what was read: another class may contain the same folder through a link."""
        status = os.stat(uri_to_path(self.uri))
        return replace(self, seen={(status.st_dev, status.st_ino)})


def _find_splits(top: _Branch, splits: Splits) -> Iterator[Candidate]:
    for entry in top.entries():
        if entry.flaw or not entry.is_folder:
            yield Candidate(entry.uri, flaw=entry.flaw or NO_LABEL)
            continue
        split = splits.get(entry.name)
        if split is None:
            yield Candidate(entry.uri, flaw=BESIDE_SPLITS)
            continue
        below = top.fresh().enter(entry)
        if isinstance(below, Flaw):
            yield Candidate(entry.uri, split=split, flaw=below)
        else:
            yield from _find_classes(below, split)


def _find_classes(top: _Branch, split: str | None) -> Iterator[Candidate]:
    for entry in _entries_or_flaw(top):
        if isinstance(entry, Flaw):
            yield Candidate(top.uri, split=split, flaw=entry)
        elif entry.flaw or not entry.is_folder:
            yield Candidate(entry.uri, split=split, flaw=entry.flaw or NO_LABEL)
        else:
            yield from _find_photos(top.fresh(), entry, split)


def _find_photos(top: _Branch, class_entry: _Entry, split: str | None) -> Iterator[Candidate]:
    """Yield everything below a class folder; a stack, because folders may nest 2,000 deep."""
    label = to_label(class_entry.name)
    stack: list[tuple[_Branch, Iterator[_Entry | Flaw]]] = [(top, iter([class_entry]))]
    while stack:
        branch, entries = stack[-1]
        entry = next(entries, None)
        if entry is None:
            stack.pop()
        elif isinstance(entry, Flaw):
            yield Candidate(branch.uri, label, split, entry)
        elif entry.flaw or not entry.is_folder:
            yield Candidate(entry.uri, label, split, entry.flaw, outside=entry.outside)
        else:
            below = branch.enter(entry)
            if isinstance(below, Flaw):
                yield Candidate(entry.uri, label, split, below)
            else:
                stack.append((below, _entries_or_flaw(below)))


def _entries_or_flaw(branch: _Branch) -> Iterator[_Entry | Flaw]:
    empty = True
    try:
        for entry in branch.entries():
            empty = False
            yield entry
    except OSError:
        yield CLOSED_FOLDER
    else:
        if empty:
            yield EMPTY_FOLDER


def _visible_folders(branch: _Branch) -> Iterator[str]:
    for entry in _entries_or_flaw(branch):
        if isinstance(entry, _Entry) and entry.is_folder and not entry.flaw:
            yield entry.name


def _holds_folders(top: _Branch, name: str) -> bool:
    below = replace(top, uri=f"{top.uri.rstrip('/')}/{quote(name)}")
    return next(_visible_folders(below), None) is not None


def is_hidden(name: str) -> bool:
    """Whether a system hides or creates files of this name."""
    return name.startswith(".") or name.lower() in _HIDDEN_NAMES


def _lies_below(link: str, root: str) -> bool:
    """Return whether a link leads to a place inside a folder."""
    place = os.path.realpath(link)
    return place == root or place.startswith(root.rstrip("/") + "/")


def _flaw_of(entry: os.DirEntry[str]) -> Flaw | None:
    try:
        if entry.is_file() or entry.is_dir():
            return None
        return NOT_A_FILE if os.path.exists(entry.path) else BROKEN_LINK
    except OSError as error:
        return LOOP if error.errno == errno.ELOOP else CLOSED_LINK
