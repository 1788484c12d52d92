"""Kubeflow Pipelines' API, from a laptop or from inside the cluster, with errors that help."""

import json
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import urllib3
from urllib3 import exceptions as http_errors

from viewfinder_components.deployment.kubernetes.kubeconfig import (
    has_kubeconfig,
    kubeconfig_path,
    load_kubeconfig,
)
from viewfinder_components.errors import PermanentError, TransientError, ViewfinderError
from viewfinder_components.spelling import spell
from viewfinder_pipelines.kubeflow import kfp_private
from viewfinder_pipelines.kubeflow.address import complete_address
from viewfinder_pipelines.settings.file import KubeflowSettings

if TYPE_CHECKING:
    import kfp

_TIMEOUT = urllib3.Timeout(connect=5.0, read=60.0)  # the API answers in well under a second
_POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_LOGIN_REMEDY = (
    "inside the cluster, mount the pipelines token (label the pod access-ml-pipeline: 'true'); "
    "outside, set KFP_TOKEN, or KFP_COOKIE to your browser's session cookie"
)

_P = ParamSpec("_P")
_R = TypeVar("_R")


class Kubeflow:
    """A connection to one Kubeflow Pipelines installation.

    Attributes:
        host: The address used: the API's, or the UI's, which forwards most requests to the API.
        namespace: The profile's namespace; None where there are no profiles.
        client: KFP's own client; call its methods through `call`.
        connection: What the classes of kfp_server_api are created with; call their methods through
            `call` too.
        ui: The UI's address; empty if unknown.
    """

    def __init__(self, client: "kfp.Client", namespace: str | None) -> None:
        self.client = client
        self.namespace = namespace
        ui = os.environ.get("KFP_UI_HOST", "")
        self.ui = complete_address(ui, "KFP_UI_HOST") if ui else ""
        self.connection = kfp_private.api_client(client)
        configuration = self.connection.configuration
        host: str = configuration.host
        # Inside a cluster, kfp.Client takes the Service's name, without a scheme.
        if host and not host.startswith(("http:", "https:")):
            host = f"http://{host}"
        # With two slashes in a path, the API answers with a redirect that loses the request's body.
        self.host = host.rstrip("/")
        configuration.host = self.host
        kfp_private.http_pool(self.connection).connection_pool_kw["timeout"] = _TIMEOUT

    def call(self, method: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Call the API and turn failures into errors with a remedy.

        Raises:
            PermanentError: The API refused, or the address is wrong.
            TransientError: The API is currently unavailable.
        """
        import kfp_server_api

        try:
            return method(*args, **kwargs)
        except kfp_server_api.ApiException as error:
            raise self._explain(error.status, str(error.body or error.reason)) from error
        except http_errors.HTTPError as error:
            raise explain_connection(error, self.host) from error

    @property
    def is_ui(self) -> bool:
        """Whether the address used is the UI's."""
        return self.ui == self.host

    def get(self, path: str, ui: bool = False) -> str:
        """Return the text at a path that KFP's client has no method for.

        Args:
            path: As for `get_bytes`.
            ui: As for `get_bytes`.

        Raises:
            PermanentError: As for `get_bytes`.
            TransientError: As for `get_bytes`.
        """
        return self.get_bytes(path, ui).decode("utf-8", "replace")

    def get_bytes(self, path: str, ui: bool = False) -> bytes:
        """Return the content at a path that KFP's client has no method for.

        Args:
            path: The path, with its query.
            ui: Whether to ask the UI, which must be known; otherwise the address used.

        Raises:
            PermanentError: The API refused.
            TransientError: The API is currently unavailable.
        """
        headers = kfp_private.request_headers(self.connection)
        request = kfp_private.http_pool(self.connection).request
        response = self.call(request, "GET", (self.ui if ui else self.host) + path, headers=headers)
        content: bytes = response.data
        if response.status != 200:
            raise self._explain(response.status, content.decode("utf-8", "replace"))
        if "text/html" in response.headers.get("Content-Type", ""):
            raise PermanentError(
                f"the Kubeflow Pipelines API at {self.host}", "a login page", _LOGIN_REMEDY
            )
        return content

    def run_page(self, run_id: str) -> str | None:
        """Return the address of a run's page in a browser; None if the UI is unknown."""
        return f"{self.ui}/#/runs/details/{run_id}" if self.ui else None

    def _explain(self, status: int, body: str) -> ViewfinderError:
        said = _server_message(body)
        api = f"the Kubeflow Pipelines API at {self.host}"
        if status == 401:
            return PermanentError(f"an authenticated request to {api}", "HTTP 401", _LOGIN_REMEDY)
        if status == 403:
            return PermanentError(
                f"permission at {api} in namespace {self.namespace or '(none)'}",
                f"HTTP 403: {said}",
                f"name one of your namespaces with {spell('namespace')}, or ask its owner to add "
                "you",
            )
        if status >= 500:
            return TransientError(f"an answer from {api}", f"HTTP {status}: {said}", "try again")
        return PermanentError(
            f"{api} to accept the request",
            f"HTTP {status}: {said}",
            "check the address and the names given",
        )


def connect(settings: KubeflowSettings) -> Kubeflow:
    """Connect to Kubeflow Pipelines and check that it answers.

    The address comes from the settings, `KFP_HOST`, the cluster this process runs in, or the
    kubeconfig, in this order. The identity comes from `KFP_TOKEN`, `KFP_COOKIE`, or the token that
    Kubeflow mounts into a pod.

    Raises:
        UsageError: The address is malformed.
        PermanentError: There is no address, access is denied, or another server answers.
        TransientError: Nothing answers there.
    """
    host = _find_host(settings)
    if not host and not is_in_cluster():
        _need_kubeconfig()
    kubeflow = Kubeflow(_new_client(host, settings.ca), settings.namespace or None)
    text = kubeflow.get("/apis/v2beta1/healthz")
    try:
        health = json.loads(text)
    except (ValueError, RecursionError):
        health = None
    if not isinstance(health, dict):  # another server may answer with JSON too
        raise PermanentError(
            f"the Kubeflow Pipelines API at {kubeflow.host}", repr(text[:80]), "check the address"
        )
    if "frontendTagName" in health and not kubeflow.ui:  # the UI also reports its own version
        kubeflow.ui = kubeflow.host
    if health.get("multi_user") and not kubeflow.namespace and _POD_NAMESPACE.is_file():
        kubeflow.namespace = _POD_NAMESPACE.read_text(encoding="utf-8")
    return kubeflow


def explain_connection(error: Exception, host: str) -> ViewfinderError:
    """Return the error for a connection that failed."""
    cause = getattr(error, "reason", None) or error
    kind: type[ViewfinderError] = PermanentError
    match cause:
        case http_errors.SSLError() if "WRONG_VERSION_NUMBER" in str(cause):
            received, remedy = "no TLS", "write http:// instead of https://"
        case http_errors.SSLError():
            received = f"a certificate that is not trusted ({cause})"
            remedy = 'name its authority\'s file: ca = "..." under [kubeflow] in viewfinder.toml'
        case http_errors.NameResolutionError():
            received, remedy = "no such host", "check the address"
        case http_errors.LocationValueError():
            received, remedy = "no address", "write one such as http://localhost:8080"
        case http_errors.NewConnectionError():
            kind, received = TransientError, str(cause).rpartition("] ")[2]
            remedy = "check that it is running and its port is forwarded"
        case http_errors.ConnectTimeoutError():
            kind, received, remedy = TransientError, "no answer in time", "check the address"
        case _:
            kind, received, remedy = TransientError, f"{type(cause).__name__}: {cause}", "try again"
    return kind(f"Kubeflow Pipelines to answer at {host}", received, remedy)


def _find_host(settings: KubeflowSettings) -> str:
    """Return the address that was named; empty if none was."""
    if settings.host:
        return complete_address(settings.host, spell("host"))
    named = os.environ.get("KFP_HOST", "")
    return complete_address(named, "KFP_HOST") if named else ""


def _need_kubeconfig() -> None:
    """Refuse what kfp.Client would mistake for Kubeflow Pipelines on this machine."""
    from kubernetes.client import Configuration

    if not has_kubeconfig():
        raise PermanentError(
            "the address of Kubeflow Pipelines",
            f"no {spell('host')}, no KFP_HOST and no kubeconfig at {kubeconfig_path()}",
            f"name the API's or the UI's address, such as {spell('host', 'http://localhost:8080')}",
        )
    load_kubeconfig(Configuration())


def _new_client(host: str, ca: str) -> "kfp.Client":
    import kfp
    from kfp.client import KF_PIPELINES_SA_TOKEN_ENV, KF_PIPELINES_SA_TOKEN_PATH
    from kfp.client.set_volume_credentials import ServiceAccountTokenVolumeCredentials

    class Client(kfp.Client):  # type: ignore[misc]
        def get_kfp_healthz(self, sleep_duration: int = 5) -> Any:
            """Skip kfp's five attempts with a traceback each: `connect` makes its own request."""
            return SimpleNamespace(multi_user=False)

    token = os.environ.get("KFP_TOKEN")
    path = os.environ.get(KF_PIPELINES_SA_TOKEN_ENV, KF_PIPELINES_SA_TOKEN_PATH)
    # kfp.Client itself ignores the mounted token when a host is named.
    use_mounted = bool(host) and not token and Path(path).is_file()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return Client(
            host=host or None,
            existing_token=token,
            credentials=ServiceAccountTokenVolumeCredentials(path) if use_mounted else None,
            cookies=os.environ.get("KFP_COOKIE"),
            ssl_ca_cert=ca or None,
        )


def is_in_cluster() -> bool:
    """Whether this is a pod: there, the client finds the API by the name of its Service."""
    return "KUBERNETES_SERVICE_HOST" in os.environ and _POD_NAMESPACE.is_file()


def _server_message(body: str) -> str:
    """Return the sentence in an answer of the API, without its stack trace."""
    try:
        message = str(json.loads(body)["message"])
    except (ValueError, RecursionError, KeyError, TypeError):
        message = body
    return message.strip().partition("\n")[0][:500]
