"""Test, from where it runs, whether a model root or a location of photos can be used.

    python -m viewfinder_components.storage.probe URI [--write]

Prints one sentence. Exit code 0: usable; 1: not usable, and a retry cannot help; 2: currently
unreachable; 64: the command is wrong.
"""

import argparse
import os
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path

from viewfinder_components.errors import PermanentError, TransientError
from viewfinder_components.storage.bucket_errors import explained
from viewfinder_components.storage.bucket_store import BucketStore
from viewfinder_components.storage.local_store import LocalStore
from viewfinder_components.storage.objects import ObjectClient, ObjectError
from viewfinder_components.storage.os_errors import explained as explained_on_disk
from viewfinder_components.storage.store import open_store

_CONTENT = b"viewfinder probe"
_REFUSED, _LATER = 1, 2
_WRONG_COMMAND = 64


def probe(uri: str, *, write: bool = False) -> str:
    """Read at `uri`, and write if requested; everything written is removed.

    Args:
        uri: As for `store.open_store`.
        write: Also create an object or file, read it back and delete it.

    Returns:
        What works, in a sentence.

    Raises:
        PermanentError: It does not work.
        TransientError: There was no answer.
    """
    store = open_store(uri)
    if isinstance(store, BucketStore):
        with explained(store.root):
            _probe_bucket(store.client, store.root.key, write)
    elif isinstance(store, LocalStore):
        with explained_on_disk(store.root):
            _probe_folder(store.root, write)
    return f"{uri} can be read{' and written' if write else ''}"


def _probe_bucket(client: ObjectClient, key: str, write: bool) -> None:
    prefix = f"{key}/" if key else ""
    listed = client.page(prefix).objects
    if some := next((entry for entry in listed if entry.size), None):
        client.read(some.name, 0, 1)
    if not write:
        return
    name = f"{prefix}.probe-{uuid.uuid4().hex}"
    client.create(name, _CONTENT)
    try:
        if client.read(name) != _CONTENT:
            raise ObjectError("damaged", "read", f"{name} had changed when read back")
        _need_conditional_writes(client, name)
    finally:
        client.delete(name)


def _need_conditional_writes(client: ObjectClient, name: str) -> None:
    try:
        client.create(name, _CONTENT)
    except ObjectError as error:
        if error.kind == "taken":
            return
        raise
    raise PermanentError(
        "a store that honours conditional writes (If-None-Match: *)",
        "one that overwrote an object",
        "update the store: without this, two publishers could share a version",
    )


def _probe_folder(root: Path, write: bool) -> None:
    if write:
        root.mkdir(parents=True, exist_ok=True)
        path = root / f".probe-{uuid.uuid4().hex}"
        path.write_bytes(_CONTENT)
        path.unlink()
    if not root.is_dir():
        raise PermanentError(f"a folder {root}", "nothing there", "create it, or correct the path")
    os.listdir(root)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m viewfinder_components.storage.probe")
    parser.add_argument("uri", help="a model root or a location of photos")
    parser.add_argument("--write", action="store_true", help="also try to write there")
    try:
        options = parser.parse_args(arguments)
    except SystemExit as end:  # argparse's own code for a wrong command is our 2, "unreachable"
        return _WRONG_COMMAND if end.code else 0
    try:
        print(probe(options.uri, write=options.write))
    except (PermanentError, TransientError) as error:
        print(error)
        return _LATER if isinstance(error, TransientError) else _REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
