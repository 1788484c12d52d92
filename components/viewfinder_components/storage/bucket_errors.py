"""Turn an object store's errors about a model root into sentences."""

from collections.abc import Iterator
from contextlib import contextmanager

from viewfinder_components.errors import PermanentError, TransientError, ViewfinderError
from viewfinder_components.storage.location import GS, S3, Location
from viewfinder_components.storage.objects import Action, ObjectError

PERMISSIONS: dict[str, dict[Action, str]] = {
    GS: {
        "list": "storage.objects.list",
        "read": "storage.objects.get",
        "create": "storage.objects.create",
        "delete": "storage.objects.delete",
    },
    S3: {
        "list": "s3:ListBucket",
        "read": "s3:GetObject",
        "create": "s3:PutObject",
        "delete": "s3:DeleteObject",
    },
}
"""The permissions that each action needs, by scheme."""

_GRANT = {
    GS: "grant it on the bucket (roles/storage.objectUser includes it) to the account of the pod's "
    "service account, or to the user who is logged in",
    S3: "grant it in the policy of the user or role whose keys are used",
}
_LOG_IN = {
    GS: "bind the pod's service account to a Google one (workload identity), or run `gcloud auth "
    "application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS",
    S3: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, write ~/.aws/credentials, or give the "
    "pod's service account a role",
}
_SETTINGS = {GS: "STORAGE_EMULATOR_HOST", S3: "AWS_ENDPOINT_URL and AWS_REGION"}
_DETAIL_LENGTH = 300


@contextmanager
def explained(place: Location) -> Iterator[None]:
    """Raise errors that occur in the block's work at `place` as errors with a remedy.

    Raises:
        PermanentError: No permission, no bucket, no credentials.
        TransientError: The store does not answer, although retries lasted longer than a restart
            takes.
    """
    try:
        yield
    except ObjectError as error:
        raise explain(error, place) from error


def explain(error: ObjectError, place: Location) -> ViewfinderError:
    """Return the error, with a remedy, for a store's answer about `place`."""
    received = " ".join(error.detail.split())[:_DETAIL_LENGTH]
    if error.kind == "damaged":
        return TransientError(
            f"data sent to {place.uri} to arrive unchanged", received, "try again"
        )
    if error.passing:
        return TransientError(
            f"{place.uri} to answer", received, "try again when the store is available"
        )
    expected, remedy = _expectation(error, place)
    return PermanentError(expected, received, remedy)


def _expectation(error: ObjectError, place: Location) -> tuple[str, str]:
    bucket, setting = f"{place.scheme}://{place.bucket}", _SETTINGS[place.scheme]
    by_kind = {
        "forbidden": (
            f"permission {PERMISSIONS[place.scheme][error.action]} at {place.uri}",
            _GRANT[place.scheme],
        ),
        "no_credentials": (f"credentials for {place.uri}", _LOG_IN[place.scheme]),
        "no_bucket": (f"a bucket {bucket}", "create it, or correct its name"),
        "missing": (f"an object at {place.uri}", "correct the path"),
        "archived": (f"{place.uri} to be readable", "restore it from the archive first"),
    }
    other = (
        f"{place.uri} to accept the request",
        f"fix what the store reports, or correct {setting}",
    )
    return by_kind.get(error.kind, other)
