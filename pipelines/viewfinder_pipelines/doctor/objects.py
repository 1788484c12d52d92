"""Whether the namespace contains what the manifests create."""

from collections.abc import Iterator
from contextlib import suppress

from viewfinder_components.deployment.kserve.runtime import find_runtime
from viewfinder_components.deployment.kubernetes.cluster import Object
from viewfinder_components.errors import PermanentError
from viewfinder_components.image import PREDICTOR_IMAGE
from viewfinder_components.spelling import spell
from viewfinder_pipelines.doctor.finding import Finding, FindingState, UnseenError
from viewfinder_pipelines.doctor.install import Install

SECRET = "viewfinder-storage"  # noqa: S105  (its name)
_RUNTIMES = "/apis/serving.kserve.io/v1alpha1"
_S3_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_ENDPOINT = "serving.kserve.io/s3-endpoint"
_IDENTITIES = ("iam.gke.io/gcp-service-account", "eks.amazonaws.com/role-arn")
_PLACEHOLDER = "Y2hhbmdlLW1l"  # base64 of change-me, as in manifests/storage/s3


def examine_accounts(install: Install) -> Iterator[Finding]:
    """Check that the steps' and the predictor's service accounts exist."""
    accounts = {"steps' account": install.account} if install.is_for_runs else {}
    accounts["predictor's account"] = install.config.predictor_account
    for what, name in accounts.items():
        if install.read(install.core("serviceaccounts", name), "service accounts"):
            yield Finding(what, FindingState.OK, name)
            continue
        expected = f"a ServiceAccount {name} in namespace {install.namespace}"
        error = PermanentError(expected, "none", _remedy(install, name))
        yield Finding.of_error(what, error)


def _remedy(install: Install, name: str) -> str:
    if name == install.config.predictor_account:
        return install.overlay
    return (
        f"install Kubeflow Pipelines there, or name the steps' account with "
        f"{spell('service_account')}; to deploy without Kubeflow Pipelines, ask with "
        f"{spell('purpose', 'deploy')}"
    )


def examine_secret(install: Install) -> Iterator[Finding]:
    """Check that the predictor has what it needs to read the model root."""
    root = install.config.model_root
    account = install.config.predictor_account
    found = install.read(install.core("serviceaccounts", account), "service accounts") or {}
    if identity := _identity(found):
        yield Finding("storage credentials", FindingState.OK, f"{account} acts as {identity}")
        return
    names = [entry["name"] for entry in found.get("secrets") or []]
    secrets = {name: install.read(install.core("secrets", name), "secrets") for name in names}
    held = {name: secret for name, secret in secrets.items() if secret is not None}
    if root.startswith(("s3://", "minio://")):
        yield _examine_s3(account, held)
    elif held:
        yield Finding("storage credentials", FindingState.OK, f"Secret {', '.join(held)}")
    elif root.startswith("gs://"):
        text = f"{account} has neither a Secret nor a Google service account: the node's is used"
        remedy = "use manifests/overlays/gke, or give the account a Secret with a key"
        yield Finding("storage credentials", FindingState.WARNING, text, remedy)


def _identity(account: Object) -> str:
    annotations = account.get("metadata", {}).get("annotations") or {}
    return next((annotations[name] for name in _IDENTITIES if name in annotations), "")


def _examine_s3(account: str, secrets: dict[str, Object]) -> Finding:
    remedy = "fill in a copy of manifests/storage/s3 and apply it"
    for name, secret in secrets.items():
        data = secret.get("data") or {}
        missing = [key for key in _S3_KEYS if key not in data]
        if missing and "accesskey" in data:
            received = f"Kubeflow Pipelines' own keys (accesskey, secretkey) in {name}"
            raise PermanentError(f"keys under KServe's names, {_S3_KEYS[0]}", received, remedy)
        if missing:
            continue
        if _PLACEHOLDER in data.values():
            raise PermanentError(f"the store's keys in Secret {name}", "change-me", remedy)
        annotations = secret["metadata"].get("annotations") or {}
        where = annotations.get(_ENDPOINT, "Amazon's own endpoint")
        return Finding("storage credentials", FindingState.OK, f"Secret {name} for {where}")
    raise PermanentError(
        f"a Secret with {' and '.join(_S3_KEYS)} that ServiceAccount {account} lists",
        f"{', '.join(secrets) or 'none'}",
        remedy,
    )


def examine_runtime(install: Install) -> Iterator[Finding]:
    """Check that the serving runtime exists, and uses the image that was checked."""
    name = install.config.runtime
    read_runtime(install)
    runtime = find_runtime(install.cluster, name)
    image = runtime_image(install)
    checked = install.config.settings.platform.of("check").image or PREDICTOR_IMAGE
    if install.is_for_runs and runtime.reports_version and image not in ("", checked):
        text = f"{name} serves with {image}, and the check step runs in {checked}"
        remedy = (
            "set [steps.check] image in viewfinder.toml to the runtime's, or change the runtime"
        )
        yield Finding("serving runtime", FindingState.WARNING, text, remedy)
    else:
        yield Finding("serving runtime", FindingState.OK, f"{name} with {image or 'its image'}")


def read_runtime(install: Install) -> Object:
    """Return the namespace's runtime, or the cluster's of that name; empty if there is none.

    Raises:
        UnseenError: We may not read it.
    """
    name = install.config.runtime
    if found := install.read(
        install.cluster.path(_RUNTIMES, "servingruntimes", name), "serving runtimes"
    ):
        return found
    with suppress(UnseenError):  # reading cluster-wide ones is often not permitted
        found = install.read(f"{_RUNTIMES}/clusterservingruntimes/{name}", "serving runtimes")
    return found or {}


def runtime_image(install: Install) -> str:
    """Return the image of the runtime, empty if unknown."""
    containers = read_runtime(install).get("spec", {}).get("containers") or [{}]
    return str(containers[0].get("image", ""))
