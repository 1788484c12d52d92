"""Find photos in a bucket: `class/photo` or `split/class/photo`, as in a folder.

A folder on disk and a copy of it in a bucket yield the same photos, in the same order.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from viewfinder_components.errors import PermanentError
from viewfinder_components.photos.candidate import Candidate, Flaw, to_label
from viewfinder_components.photos.folder import EMPTY_FOLDER, HIDDEN, NO_LABEL, is_hidden
from viewfinder_components.photos.layout import BESIDE_SPLITS, Splits, find_splits
from viewfinder_components.photos.uri import object_to_uri
from viewfinder_components.storage.bucket_errors import explained
from viewfinder_components.storage.clients import open_client
from viewfinder_components.storage.listing import list_folders, list_objects
from viewfinder_components.storage.location import Location
from viewfinder_components.storage.objects import ObjectClient, ObjectInfo

_HADOOP_FOLDER = "_$folder$"  # Hadoop's tools leave an empty object of this name for a folder


def find_in_bucket(place: Location, layout: str) -> Iterator[Candidate]:
    """Yield everything found below a place in a bucket, in the order of the uris.

    Args:
        place: The bucket, and the prefix that acts as a folder in it.
        layout: One of `layout.Layout`.

    Raises:
        PermanentError: There is nothing, the bucket cannot be listed, or it is not clear whether
            the folders are splits or classes.
        TransientError: The store does not answer.
    """
    client = open_client(place)
    top = Location(place.scheme, place.bucket, place.key.rstrip("/"))
    prefix = f"{top.key}/" if top.key else ""
    with explained(place):
        splits = _find_splits(client, prefix, top, layout)
        candidates = _Tree(top, prefix, splits).candidates(list_objects(client, prefix))
        first = next(candidates, None)
        if first is None:
            raise PermanentError(
                f"photos below {place.uri}", "nothing", "check the bucket and the path in data"
            )
        yield first
        yield from candidates


@dataclass(frozen=True)
class _Tree:
    """Folders, as implied by the keys of a listing."""

    top: Location
    prefix: str
    splits: Splits
    """The folders that are splits; none if the folders are classes."""

    def candidates(self, objects: Iterator[ObjectInfo]) -> Iterator[Candidate]:
        """Yield one candidate per object, but only one for a folder that is left out or empty."""
        empty, left_out = "", ""
        for entry in objects:
            if empty and not entry.name.startswith(empty):
                yield self._flawed(empty, EMPTY_FOLDER)
            empty = ""
            if left_out.endswith("/") and entry.name.startswith(left_out):
                continue
            if left_out := self._hidden_part(entry.name):
                yield self._flawed(left_out, HIDDEN)
            elif left_out := self._stranger(entry.name):
                yield Candidate(self._uri(left_out), flaw=BESIDE_SPLITS)
            elif entry.name.endswith("/"):
                # Consoles create an empty object for a folder. It is not a photo, and is worth
                # mentioning only if nothing is in the folder.
                empty = entry.name if entry.name != self.prefix else ""
            else:
                yield self._file(entry)
        if empty:
            yield self._flawed(empty, EMPTY_FOLDER)

    def _hidden_part(self, key: str) -> str:
        """Return a key up to its first hidden name, with that name's slash; empty without one."""
        end = len(self.prefix)
        for name in key[end:].split("/"):
            end += len(name) + 1
            if is_hidden(name) or name.endswith(_HADOOP_FOLDER):
                return key[:end]
        return ""

    def _stranger(self, key: str) -> str:
        """Return a key's top-level folder if it is next to those of splits."""
        name, slash, _ = key[len(self.prefix) :].partition("/")
        is_stranger = self.splits and slash and name not in self.splits
        return f"{self.prefix}{name}/" if is_stranger else ""

    def _file(self, entry: ObjectInfo) -> Candidate:
        names = entry.name[len(self.prefix) :].split("/")[:-1]
        label, split = self._meaning(names)
        flaw = None if label else NO_LABEL
        uri = self._uri(entry.name)
        return Candidate(uri, label, split, flaw, size=entry.size, tag=entry.tag)

    def _flawed(self, key: str, flaw: Flaw) -> Candidate:
        names = key[len(self.prefix) :].removesuffix("/").split("/")
        label, split = self._meaning(names if flaw is EMPTY_FOLDER else names[:-1])
        return Candidate(self._uri(key), label, split, flaw)

    def _meaning(self, folders: list[str]) -> tuple[str | None, str | None]:
        """Return the class and the split implied by the folders around something."""
        split = self.splits.get(folders[0]) if folders else None
        classes = folders[bool(self.splits) :]
        return (to_label(classes[0]) or None if classes else None), split

    def _uri(self, key: str) -> str:
        return object_to_uri(Location(self.top.scheme, self.top.bucket, key))


def _visible_folders(client: ObjectClient, prefix: str) -> Iterator[str]:
    return (name for name in list_folders(client, prefix) if not is_hidden(name))


def _find_splits(client: ObjectClient, prefix: str, top: Location, layout: str) -> Splits:
    def holds_folders(name: str) -> bool:
        return next(_visible_folders(client, f"{prefix}{name}/"), None) is not None

    return find_splits(_visible_folders(client, prefix), layout, top.uri, holds_folders)
