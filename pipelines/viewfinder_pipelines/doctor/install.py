"""The installation being checked, and the requests that check it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from typing import Any

import httpx

from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.deployment.kubernetes.cluster import Cluster, Object
from viewfinder_components.deployment.kubernetes.kubeconfig import kubeconfig_path, load_kubeconfig
from viewfinder_components.deployment.kubernetes.refusals import explain_refusal, explain_silence
from viewfinder_components.errors import PermanentError, reason_of
from viewfinder_components.spelling import spell
from viewfinder_pipelines.doctor.finding import UnseenError, as_unseen
from viewfinder_pipelines.pipeline.assignments import parse_table
from viewfinder_pipelines.pipeline.parameters import to_deploy_config
from viewfinder_pipelines.pipeline.registry import DEPLOYMENT
from viewfinder_pipelines.settings.file import ClusterSettings


class Purpose(Enum):
    """What an installation is for."""

    RUN = "run"
    """Runs of the pipelines on Kubeflow Pipelines."""
    DEPLOY = "deploy"
    """`viewfinder deploy` from this machine; KServe without Kubeflow Pipelines is enough."""


@dataclass(frozen=True)
class DoctorConfig:
    """User settings."""

    purpose: Purpose = Purpose.RUN
    """What the installation is for, which determines what it needs."""

    context: str = ""
    """The kubeconfig's context; empty for its current one."""

    namespace: str = ""
    """Where the steps or the service run; empty for the settings file's, the kubeconfig's, the
    pod's own, or, for runs, `kubeflow`, where Kubeflow Pipelines runs them by default."""

    model_root: str = ""
    """Where versions will be published; if empty, the storage is not checked."""

    service_account: str = ""
    """The steps' account; empty for `default-editor` if it exists, else `pipeline-runner`."""

    predictor_account: str = "viewfinder-predictor"
    """The account of the predictor's pods."""

    runtime: str = "viewfinder-predictor"
    """The ServingRuntime that will serve."""

    pods: bool = True
    """Whether to start pods, the only way to test image pulls and access to the storage."""

    pod_seconds: float = 300.0
    """How long a pod may take, in seconds; the steps' image is 2.5 GB on a slow network."""

    settings: ClusterSettings = field(default_factory=ClusterSettings)
    """The settings file: Kubeflow's address, and the settings of the steps' pods."""


@dataclass(frozen=True)
class Install:
    """A cluster's namespace, as visible to the current user."""

    cluster: Cluster
    """The connection."""

    config: DoctorConfig
    """What to check."""

    @property
    def namespace(self) -> str:
        """Where the steps run and the predictor serves."""
        return self.cluster.namespace

    @property
    def is_for_runs(self) -> bool:
        """Whether the installation is for pipelines, not only for serving."""
        return self.config.purpose is Purpose.RUN

    @property
    def overlay(self) -> str:
        """The manifests that prepare a namespace, as far as can be told from outside."""
        if not self.is_for_runs:
            return f"kubectl -n {self.namespace} apply --server-side -k manifests/overlays/kserve"
        kind = "kubeflow" if self.account == "default-editor" else "standalone"
        return f"kubectl apply --server-side -k manifests/overlays/{kind}"

    @cached_property
    def account(self) -> str:
        """The steps' account."""
        given = self.config.service_account or self.config.settings.kubeflow.service_account
        if given:
            return given
        try:
            found = self.read(self.core("serviceaccounts", "default-editor"), "service accounts")
        except UnseenError:
            found = None
        return "default-editor" if found else "pipeline-runner"

    @cached_property
    def deploy_config(self) -> DeployConfig:
        """How a run with this settings file would deploy; any version will do.

        Raises:
            PermanentError: A parameter in the file is of the wrong type or out of range.
        """
        known = DEPLOYMENT.parameters
        filed = self.config.settings.parameters
        given = {name: value for name, value in filed.items() if name in known}
        parameters = DEPLOYMENT.with_defaults(parse_table(given, DEPLOYMENT))
        return to_deploy_config(parameters, "s3://bucket/model/1", 1)

    def core(self, kind: str, name: str = "") -> str:
        """Return the path of a collection of the namespace, or of one object in it."""
        return self.cluster.path("/api/v1", kind, name)

    def read(self, path: str, what: str, **query: str) -> Object | None:
        """Return the object at a path, None if there is none.

        Args:
            path: Such as `/api/v1/namespaces/x/pods/y`.
            what: What it is, in case we may not read it.
            query: The URL's query.

        Raises:
            UnseenError: We may not read it.
            PermanentError: The API server refused for another reason.
            TransientError: It did not answer.
        """
        answer = self._send("GET", path, query)
        if answer.status_code == 404:
            return None
        return self._take(answer, what)

    def read_first(self, paths: Iterable[str], what: str) -> Object | None:
        """Return the first existing object, None if there is none.

        Args:
            paths: Where it may be.
            what: What it is, in case we may not read it.

        Raises:
            UnseenError: It was not found, and we may not read everything.
        """
        unseen: list[UnseenError] = []
        for path in paths:
            try:
                if found := self.read(path, what):
                    return found
            except UnseenError as error:
                unseen.append(error)
        if unseen:
            raise UnseenError(what, " or ".join(error.permission for error in unseen))
        return None

    def create(self, path: str, body: Object, what: str, **query: str) -> Object:
        """Create an object and return it as stored by the API server.

        Raises:
            UnseenError: We may not create it.
            PermanentError: The API server refused for another reason.
            TransientError: It did not answer.
        """
        return self._take(self._send("POST", path, query, body), what)

    def delete(self, path: str) -> None:
        """Delete an object at once, if it exists."""
        self._send("DELETE", path, {"gracePeriodSeconds": "0"})

    def _send(
        self, method: str, path: str, query: dict[str, str], body: Any = None
    ) -> httpx.Response:
        try:
            return self.cluster.http.request(method, path, params=query, json=body)
        except httpx.TransportError as error:
            raise explain_silence(self.cluster.configuration.host, error) from error

    def _take(self, answer: httpx.Response, what: str) -> Object:
        if answer.is_success:
            return dict(answer.json())
        request = answer.request
        error = explain_refusal(request.method, request.url.path, answer.status_code, answer.text)
        raise as_unseen(what, error)


def connect(config: DoctorConfig) -> Install:
    """Find the context's cluster, else the one that the deploy step would find.

    Raises:
        PermanentError: There is none, or its kubeconfig is broken.
    """
    namespace = config.namespace or _configured_namespace(config)
    try:
        if config.context:
            cluster = _connect_context(config.context, namespace)
        else:
            cluster = Cluster.connect(namespace)
            cluster.http  # noqa: B018  (reads the certificates, which may be broken)
        is_for_runs = config.purpose is Purpose.RUN
        if is_for_runs and not namespace and cluster.namespace == "default":
            cluster = replace(cluster, namespace=_STANDALONE)
        return Install(cluster, config)
    except PermanentError as error:
        raise PermanentError("a cluster", error.received, _remedy()) from error
    except Exception as error:
        # Invalid certificates are noticed when the client is created, in many ways.
        reason = reason_of(error).splitlines()[0]
        received = f"one that cannot be used: {reason}"
        raise PermanentError(f"a kubeconfig at {kubeconfig_path()}", received, _remedy()) from error


def _configured_namespace(config: DoctorConfig) -> str:
    """Return what the settings file names, for `viewfinder deploy` or for runs."""
    settings = config.settings
    service = "" if config.purpose is Purpose.RUN else settings.parameters.get("namespace", "")
    return str(service) or settings.kubeflow.namespace


_STANDALONE = "kubeflow"  # where Kubeflow Pipelines without profiles runs its steps


def _remedy() -> str:
    named = spell("context")
    return (
        f"set KUBECONFIG to the cluster's kubeconfig, or name one of its contexts with {named}; "
        "runs on this machine need no cluster"
    )


def _connect_context(context: str, namespace: str) -> Cluster:
    from kubernetes import client

    configuration = client.Configuration()
    own = load_kubeconfig(configuration, context)
    return Cluster(configuration, namespace or own or "default", inside=False)
