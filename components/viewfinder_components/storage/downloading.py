"""Download a version from a bucket: verified, and resumed where it was interrupted."""

import hashlib
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from viewfinder_components.errors import PermanentError
from viewfinder_components.spelling import write_command
from viewfinder_components.storage.checksums import digest_file
from viewfinder_components.storage.contents import Contents, Manifest
from viewfinder_components.storage.listing import list_objects
from viewfinder_components.storage.location import Location
from viewfinder_components.storage.locking import locked
from viewfinder_components.storage.objects import ObjectClient
from viewfinder_components.storage.version import MANIFEST

_PIECE = 8 << 20  # bytes per request; an interrupted download loses no more
_DOWNLOADS = 4  # at a time


def download_version(client: ObjectClient, place: Location, cache: Path) -> Path:
    """Return the folder `<cache>/<digest of the root>/<model>/<number>` with a version's files.

    It appears by one rename, with every file checked against the manifest. What an earlier,
    interrupted download fetched is not requested again. Concurrent downloads wait for each other.

    Args:
        client: The bucket.
        place: The version, `<root>/<model>/<number>`.
        cache: Our own directory; made when missing.

    Raises:
        ObjectError: The store rejects the request, or does not answer.
        PermanentError: There is no such version, or its files do not match its manifest.
        OSError: `cache` cannot be written.
    """
    root, _, rest = place.uri.rpartition("/")[0].rpartition("/")
    number = place.key.rpartition("/")[2]
    folder = cache / hashlib.sha256(root.encode()).hexdigest()[:16] / rest
    folder.mkdir(parents=True, exist_ok=True)
    target, unfinished = folder / number, folder / f".part-{number}"
    with locked(folder / ".lock"):
        if _is_intact(target):
            return target
        shutil.rmtree(target, ignore_errors=True)
        unfinished.mkdir(exist_ok=True)
        _download(client, place, unfinished)
        os.rename(unfinished, target)
    return target


def _is_intact(folder: Path) -> bool:
    try:
        return not Contents.read(folder).differences()
    except PermanentError:
        return False


def _download(client: ObjectClient, place: Location, target: Path) -> None:
    prefix = f"{place.key}/"
    sizes = {entry.name.removeprefix(prefix): entry.size for entry in list_objects(client, prefix)}
    if not sizes.get(MANIFEST):
        raise PermanentError(
            f"a published version at {place.uri}",
            "no manifest.json there",
            "list the versions with "
            f"`{write_command('versions', 'MODEL', '--model-root', 'ROOT')}`",
        )
    content = client.read(prefix + MANIFEST)
    promised = Manifest.parse(content, place.uri).promised
    if missing := sorted(promised.keys() - sizes.keys()):
        raise PermanentError(
            f"all files of {place.uri}", f"no {', '.join(missing)}", "publish the model again"
        )

    def bring(name: str) -> None:
        _bring(client, prefix + name, sizes[name], target / name, promised[name])

    with ThreadPoolExecutor(_DOWNLOADS) as pool:
        list(pool.map(bring, sorted(promised)))
    (target / MANIFEST).write_bytes(content)


def download_object(client: ObjectClient, key: str, size: int, path: Path) -> None:
    """Append the missing part of an object to a file.

    Args:
        client: The bucket.
        key: The object.
        size: Its size in bytes.
        path: The file; made when missing.
    """
    with path.open("ab") as file:
        while (start := file.tell()) < size:
            file.write(client.read(key, start, min(start + _PIECE, size)))


def _bring(client: ObjectClient, key: str, size: int, path: Path, sha256: str) -> None:
    """Download one file, from where an earlier download stopped."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(2):  # an earlier download's part may be damaged: then all of it again
        download_object(client, key, size, path)
        found = digest_file(path)
        if found == sha256:
            return
        path.unlink()
    raise PermanentError(f"{key} with sha256 {sha256}", found, "publish the model again")
