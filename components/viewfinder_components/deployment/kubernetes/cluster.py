"""The Kubernetes API, with objects as dictionaries, exactly as the server writes them.

The kubernetes package finds the server and our credentials. Requests are made here: the package's
own methods change with its versions, and the same connection reaches a service through the server.
"""

import json
import os
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

import httpx

from viewfinder_components.deployment.kubernetes.kubeconfig import load_kubeconfig
from viewfinder_components.deployment.kubernetes.refusals import explain_refusal, explain_silence
from viewfinder_components.errors import PermanentError, reason_of

if TYPE_CHECKING:
    from kubernetes.client import Configuration

Object = dict[str, Any]
"""A Kubernetes object."""

FIELD_MANAGER = "viewfinder"
"""The field manager under which the API server records the fields that we set."""

_POD_FOLDER = Path("/var/run/secrets/kubernetes.io/serviceaccount")
# An answer may take as long as an admission webhook's own limit, which is at most 30 s.
_TIMEOUT = httpx.Timeout(40.0, connect=5.0)
_NOT_FOUND = 404
_STARTING_SECONDS = 20.0
_LIMITS = httpx.Limits(max_connections=10)


@dataclass(frozen=True)
class Cluster:
    """One namespace of a cluster; as a context manager it closes its connections.

    Every method raises PermanentError if the server rejects the request (permission, kind,
    admission), and TransientError if it does not answer.
    """

    configuration: "Configuration"
    """Where the API server is, and who we are."""

    namespace: str
    """The namespace of everything below."""

    inside: bool
    """Whether this process runs in a pod, so that services can be reached directly."""

    @classmethod
    def connect(cls, namespace: str = "") -> "Cluster":
        """Find the cluster through `KUBECONFIG`, else as the current pod, else in `~/.kube/config`.

        Args:
            namespace: Empty for the pod's own namespace, or the kubeconfig's.

        Raises:
            PermanentError: There is none, or the kubeconfig is broken.
        """
        from kubernetes import client, config

        configuration = client.Configuration()
        inside = "KUBECONFIG" not in os.environ and (_POD_FOLDER / "token").exists()
        if not inside:
            own = load_kubeconfig(configuration)
            return cls(configuration, namespace or own or "default", inside)
        try:
            config.load_incluster_config(client_configuration=configuration)
            own = (_POD_FOLDER / "namespace").read_text().strip()
        except (config.ConfigException, OSError) as error:
            raise PermanentError(
                f"a service account's credentials in {_POD_FOLDER}",
                reason_of(error),
                "mount them into the pod (automountServiceAccountToken), or set KUBECONFIG",
            ) from error
        return cls(configuration, namespace or own or "default", inside)

    @cached_property
    def http(self) -> httpx.Client:
        """The HTTP client, with our credentials."""
        return self.open_http()

    def open_http(self, path: str = "", limits: httpx.Limits = _LIMITS) -> httpx.Client:
        """Open a client for the paths below one of the API server's, such as a service's proxy.

        Args:
            path: Prefix of all requests.
            limits: How many connections it keeps.
        """
        try:
            return self._open_http(path, limits)
        except (OSError, ValueError, httpx.InvalidURL) as error:  # ssl.SSLError is an OSError
            raise PermanentError(
                "a cluster's address and certificates",
                f"{self.configuration.host!r}, which cannot be used: {error}",
                "correct the kubeconfig",
            ) from error

    def _open_http(self, path: str, limits: httpx.Limits) -> httpx.Client:
        configuration = self.configuration
        trust = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
        if not configuration.verify_ssl:
            trust.check_hostname = False
            trust.verify_mode = ssl.CERT_NONE
        if configuration.cert_file:
            trust.load_cert_chain(configuration.cert_file, configuration.key_file)
        return httpx.Client(
            base_url=configuration.host + path, auth=self._sign, verify=trust, timeout=_TIMEOUT,
            limits=limits, proxy=configuration.proxy, trust_env=False,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    def get(self, path: str, **query: str) -> Object | None:
        """Return the object at `path`, None if there is none.

        Args:
            path: Such as `/api/v1/namespaces/x/pods/y`.
            query: The URL's query.
        """
        answer = self._request("GET", path, query)
        return None if answer.status_code == _NOT_FOUND else self._decoded(answer)

    def list(self, path: str, **query: str) -> list[Object]:
        """Return the objects of a collection; none if even the kind is unknown."""
        found = self.get(path, **query)
        return list((found or {}).get("items") or [])

    def text(self, path: str, **query: str) -> str:
        """Return what is at `path` as text, such as a log; empty if there is nothing."""
        answer = self._request("GET", path, query)
        missing = answer.status_code == _NOT_FOUND
        return "" if missing else answer.content.decode("utf-8", "replace")

    def apply(
        self, path: str, body: Mapping[str, Any], *, force: bool = False, dry_run: bool = False
    ) -> Object:
        """Apply an object server-side, and return the result.

        Args:
            path: The object's path.
            body: All the fields that we want to own.
            force: Whether to take over fields that others have set differently.
            dry_run: Whether the server only returns what the result would be.
        """
        query = {"fieldManager": FIELD_MANAGER, "force": str(force).lower()}
        if dry_run:
            query["dryRun"] = "All"
        return self._decoded(self._request("PATCH", path, query, body))

    def create(self, path: str, body: Mapping[str, Any]) -> Object:
        """Create an object in the collection at `path`; a ConflictError if it exists."""
        return self._decoded(self._request("POST", path, {"fieldManager": FIELD_MANAGER}, body))

    def _decoded(self, answer: httpx.Response) -> Object:
        try:
            return dict(answer.json())
        except (ValueError, RecursionError, TypeError) as error:
            raise PermanentError(
                f"a Kubernetes API at {self.configuration.host}",
                "an answer that is not JSON, as from a login page or another server",
                "correct the server's address in the kubeconfig, or log in to the cluster",
            ) from error

    def delete(self, path: str, uid: str) -> None:
        """Delete an object after everything that depends on it, unless the name now has another.

        Args:
            path: The object's path.
            uid: The object's `metadata.uid`.
        """
        options = {"propagationPolicy": "Foreground", "preconditions": {"uid": uid}}
        self._request("DELETE", path, {}, options)

    def path(self, prefix: str, kind: str, name: str = "") -> str:
        """Return the path of a collection in the namespace, or of one object in it."""
        path = f"{prefix}/namespaces/{self.namespace}/{kind}"
        return f"{path}/{quote(name, safe='')}" if name else path

    def _request(
        self, method: str, path: str, query: Mapping[str, str], body: Any = None
    ) -> httpx.Response:
        """Return a success, or the 404 of a GET or DELETE."""
        deadline, was_ready = time.monotonic() + _STARTING_SECONDS, False
        while True:
            answer = self._send(method, path, query, body)
            missing = answer.status_code == _NOT_FOUND and method in ("GET", "DELETE")
            if answer.is_success or missing:
                return answer
            # A server that was just started rejects everybody until it has read its rules.
            refused = answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)
            if not refused or was_ready or time.monotonic() >= deadline:
                raise explain_refusal(method, path, answer.status_code, answer.text)
            was_ready = self._send("GET", "/readyz", {}).is_success
            if not was_ready:
                time.sleep(1)

    def _send(
        self, method: str, path: str, query: Mapping[str, str], body: Any = None
    ) -> httpx.Response:
        content = None if body is None else json.dumps(body)
        kind = "application/apply-patch+yaml" if method == "PATCH" else "application/json"
        headers = {} if body is None else {"content-type": kind}
        try:
            return self.http.request(method, path, params=query, content=content, headers=headers)
        except httpx.TransportError as error:
            raise explain_silence(self.configuration.host, error) from error

    def _sign(self, request: httpx.Request) -> httpx.Request:
        """Authenticate us; a pod's token is renewed every hour, so it is read for every request."""
        configuration = self.configuration
        token = configuration.get_api_key_with_prefix("authorization")
        if token:
            request.headers["authorization"] = token
        elif configuration.username:
            request.headers["authorization"] = configuration.get_basic_auth_token()
        return request
