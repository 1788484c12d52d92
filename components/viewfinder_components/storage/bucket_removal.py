"""Remove versions, and the leftovers of killed publishers, from a bucket: only our own."""

import logging
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from viewfinder_components.storage.bucket_survey import Survey, claim_of, file_of, survey
from viewfinder_components.storage.contents import Manifest
from viewfinder_components.storage.location import Location
from viewfinder_components.storage.objects import ObjectClient, ObjectError
from viewfinder_components.storage.version import MANIFEST

_log = logging.getLogger(__name__)

_DEAD_AFTER = timedelta(days=1)
"""How long a publisher may write nothing before it is presumed dead. Nothing depends on
synchronized clocks: a publisher that is presumed dead while alive starts again."""


def clear_dead(client: ObjectClient, folder: Location, found: Survey) -> None:
    """Remove the unfinished versions of killed publishers.

    An empty manifest takes the manifest's place first, and stays: so a publisher that is alive
    after all cannot complete a version that is being removed.

    Args:
        client: The bucket.
        folder: The model's folder.
        found: The folder's contents.
    """
    latest = datetime.now(UTC) - _DEAD_AFTER
    for number in found.unfinished():
        files = found.numbers[number].files.keys() - {MANIFEST}
        if not files or found.numbers[number].touched > latest:
            continue
        uri = folder.below(str(number)).uri
        try:
            if not found.numbers[number].given_up:
                client.create(file_of(folder, number, MANIFEST), b"")
            for name in sorted(files):
                client.delete(file_of(folder, number, name))
        except ObjectError as error:
            if error.passing:
                raise
            # It was completed meanwhile, or this publisher may not delete, which is not essential.
            _log.warning("%s, left by a killed publisher, was not removed: %s", uri, error)
            continue
        _log.info("removed %s, left by a killed publisher", uri)


def reason_to_keep(client: ObjectClient, folder: Location, number: int) -> str:
    """Return why a version is not ours to remove; empty if it is."""
    found = survey(client, folder).numbers.get(number)
    if found is None or not found.complete:
        return "there is no such version"
    if not found.claimed:
        return "it was created by another program"
    manifest = client.read(file_of(folder, number, MANIFEST))
    if client.read(claim_of(folder, number)) != sha256(manifest).hexdigest().encode():
        return "its manifest has changed since it was published"
    promised = Manifest.parse(manifest, folder.below(str(number)).uri).promised
    extra = sorted(found.files.keys() - promised.keys() - {MANIFEST})
    return f"it contains files of another program: {', '.join(extra)}" if extra else ""


def remove_version(client: ObjectClient, folder: Location, number: int) -> None:
    """Remove one of our versions.

    The manifest goes first: without it this is no longer a version. Then `saved_model.pb` goes, the
    first name that TensorFlow Serving looks for, before what it needs. If this is interrupted,
    `clear_dead` does the rest.
    """
    manifest = file_of(folder, number, MANIFEST)
    promised = Manifest.parse(client.read(manifest), manifest).promised
    client.delete(manifest)
    for name in sorted(promised, key=lambda name: (name != "saved_model.pb", name)):
        client.delete(file_of(folder, number, name))
    client.delete(claim_of(folder, number))
