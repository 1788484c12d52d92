"""What Cloud Storage answers where no server on this machine answers likewise.

No server here gives these: the messages follow the form of Cloud Storage's, the status codes are
from https://cloud.google.com/storage/docs/json_api/v1/status-codes.
"""

import pytest
from google.api_core import exceptions

from viewfinder_components.errors import TransientError
from viewfinder_components.storage import retrying
from viewfinder_components.storage.bucket_errors import explain
from viewfinder_components.storage.gcs_client import _translated
from viewfinder_components.storage.location import Location
from viewfinder_components.storage.objects import Action, ObjectError

PLACE = Location("gs", "bucket", "models")
_CALLER = "publisher@project.iam.gserviceaccount.com"


def refusal(action: Action, error: Exception) -> ObjectError:
    with pytest.raises(ObjectError) as caught, _translated(action):
        raise error
    return caught.value


@pytest.mark.parametrize(
    ("action", "permission"),
    [
        ("create", "storage.objects.create"),
        ("list", "storage.objects.list"),
        ("read", "storage.objects.get"),
        ("delete", "storage.objects.delete"),
    ],
)
def test_a_missing_permission_is_named(action: Action, permission: str) -> None:
    said = f"{_CALLER} does not have {permission} access to the Google Cloud Storage bucket."
    error = refusal(action, exceptions.Forbidden(said))
    assert error.kind == "forbidden"
    sentence = str(explain(error, PLACE))
    assert f"expected permission {permission} at gs://bucket/models" in sentence
    assert "roles/storage.objectUser" in sentence


def test_who_may_not_delete_is_told_so_where_a_name_is_taken() -> None:
    """An upload that would write over an object needs the permission to delete it."""
    said = f"{_CALLER} does not have storage.objects.delete access to the object."
    assert refusal("create", exceptions.Forbidden(said)).kind == "taken"


def test_data_altered_on_the_way_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "_FIRST_SECONDS", 0.001)
    attempts = []

    @retrying.retried
    def send() -> None:
        attempts.append(1)
        with _translated("create"):
            raise exceptions.BadRequest('Provided CRC32C "a" doesn\'t match calculated CRC32C "b".')

    with pytest.raises(ObjectError) as caught:
        send()
    assert len(attempts) == 4
    error = explain(caught.value, PLACE)
    assert isinstance(error, TransientError)
    assert "to arrive unchanged" in str(error)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (exceptions.Unauthorized("Invalid Credentials"), "no_credentials"),
        (exceptions.TooManyRequests("The rate of requests is too high"), "unreachable"),
        (exceptions.ServiceUnavailable("Backend Error"), "unreachable"),
        (exceptions.BadRequest("Invalid argument"), "refused"),
        (exceptions.NotFound("The specified bucket does not exist."), "no_bucket"),
        (exceptions.NotFound("No such object: bucket/models"), "missing"),
        (exceptions.RequestRangeNotSatisfiable("range"), "refused"),
    ],
)
def test_other_answers_are_told_apart(error: Exception, kind: str) -> None:
    assert refusal("read", error).kind == kind
