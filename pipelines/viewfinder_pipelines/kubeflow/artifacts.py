"""Read a file of an artifact: through the UI, or from its store with one's own credentials."""

import os
from collections.abc import Callable, Iterator
from urllib.parse import quote, urlencode

from viewfinder_components.errors import PermanentError, ViewfinderError
from viewfinder_pipelines.kubeflow.client import Kubeflow

# The UI's words for the schemes of URIs.
_SOURCES = {"minio": "minio", "s3": "s3", "gs": "gcs"}
CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "GOOGLE_APPLICATION_CREDENTIALS",
)
STORE_REMEDY = "export the artifact store's credentials (AWS_ACCESS_KEY_ID and so on)"
UI_REMEDY = "set KFP_UI_HOST to the UI's address"


def artifact_path(uri: str, namespace: str) -> str:
    """Return the UI's path of an artifact's content.

    Args:
        uri: Where it lies in the artifact store.
        namespace: The run's; the UI looks up there who may read it.
    """
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    query = {"source": _SOURCES.get(scheme, scheme), "bucket": bucket, "key": key}
    return f"/artifacts/get?{urlencode({**query, 'namespace': namespace}, quote_via=quote)}"


def find_ways(kubeflow: Kubeflow, uri: str, namespace: str) -> Iterator[Callable[[], bytes]]:
    """Yield the ways to a file of an artifact.

    Args:
        kubeflow: Where the run is.
        uri: Where the file lies in the artifact store.
        namespace: The run's.
    """
    if kubeflow.ui:
        yield lambda: kubeflow.get_bytes(artifact_path(uri, namespace), ui=True)
    if any(name in os.environ for name in CREDENTIALS):
        yield lambda: _read_object(uri)


def read_artifact(kubeflow: Kubeflow, uri: str, namespace: str) -> bytes:
    """Return the content of a file of an artifact.

    Args:
        kubeflow: Where the run is.
        uri: Where the file lies in the artifact store.
        namespace: The run's.

    Raises:
        ViewfinderError: No way leads to it; the error of the last one, if there is any.
    """
    failure: ViewfinderError | None = None
    for way in find_ways(kubeflow, uri, namespace):
        try:
            return way()
        except ViewfinderError as error:
            failure = error
    if failure is not None:
        raise failure
    raise PermanentError(
        f"a way to {uri}",
        "neither the UI's address nor credentials of the artifact store",
        f"{UI_REMEDY}, or {STORE_REMEDY}",
    )


def _read_object(uri: str) -> bytes:
    from viewfinder_components.storage.bucket_errors import explained
    from viewfinder_components.storage.clients import open_client
    from viewfinder_components.storage.location import Location

    location = Location.parse(uri)
    with explained(location):
        return open_client(location).read(location.key)
