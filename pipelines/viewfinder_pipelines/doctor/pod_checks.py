"""What only a pod can show: whether images can be pulled and the storage can be reached."""

from collections.abc import Iterator

from viewfinder_components.deployment.kubernetes.cluster import Object
from viewfinder_components.errors import PermanentError, ViewfinderError
from viewfinder_components.image import PREDICTOR_IMAGE, STEPS_IMAGE
from viewfinder_components.spelling import spell, write_command
from viewfinder_components.storage.probe import probe
from viewfinder_components.storage.pvc import PVC, is_mounted
from viewfinder_pipelines.doctor.finding import Finding, FindingState, UnseenError
from viewfinder_pipelines.doctor.install import Install
from viewfinder_pipelines.doctor.objects import runtime_image
from viewfinder_pipelines.doctor.pods import PodTask, run_pod

_PROBE = ("python3", "-m", "viewfinder_components.storage.probe")
_IMPORT_SERVING = ("python3", "-c", "import viewfinder_serving.server")
_FIND_STEPS = (
    "import importlib.util, sys, viewfinder_components; "
    "sys.exit(None if importlib.util.find_spec('tensorflow') else 'no TensorFlow')"
)
_S3_ANNOTATION = "serving.kserve.io/s3-"
_BUCKETS = ("s3://", "minio://", "gs://")


def examine_predictor_image(install: Install) -> Iterator[Finding]:
    """Start the predictor's image, as the predictor's account."""
    try:
        image = runtime_image(install) or PREDICTOR_IMAGE
    except UnseenError:
        image = PREDICTOR_IMAGE
    task = PodTask(image, _IMPORT_SERVING, install.config.predictor_account)
    yield _start(install, "predictor's image", task)


def examine_steps_image(install: Install) -> Iterator[Finding]:
    """Start the steps' image, as the steps' account, with the settings file's pod settings."""
    settings = install.config.settings.platform.of("publish")
    task = PodTask(
        settings.image or STEPS_IMAGE, ("python3", "-c", _FIND_STEPS), install.account, settings
    )
    yield _start(install, "steps' image", task)


def _start(install: Install, name: str, task: PodTask) -> Finding:
    outcome = run_pod(install, task)
    if outcome.exit_code:
        raise PermanentError(
            f"the packages of the {name} in {task.image}",
            outcome.output or f"exit code {outcome.exit_code}",
            "build it from the Dockerfile of this release",
        )
    return Finding(name, FindingState.OK, f"{task.image} is pulled and starts")


def examine_storage(install: Install) -> Iterator[Finding]:
    """Write and read at the model root from a step's pod, and read as the predictor would."""
    root = install.config.model_root
    if not root:
        text, remedy = "no model root is named", f"name it with {spell('model_root')}"
        yield Finding("model root", FindingState.UNKNOWN, text, remedy)
        return
    settings = install.config.settings.platform.of("publish")
    image = settings.image or STEPS_IMAGE
    publish = PodTask(image, (*_PROBE, root, "--write"), install.account, settings)
    remedy = "fix it, or give the steps the store's address, Secret or claim in viewfinder.toml"
    yield _probe(install, "publish to storage", publish, f"writes and reads {root}", remedy)
    if root.startswith(_BUCKETS):
        account = install.config.predictor_account
        serve = PodTask(image, (*_PROBE, root), account, env=_kserve_environment(install))
        remedy = (
            f"fix it, or give ServiceAccount {account} the store's Secret: manifests/storage/s3"
        )
        yield _probe(install, "serve from storage", serve, f"reads {root}", remedy)


def examine_reading(install: Install) -> Iterator[Finding]:
    """Read at the model root from here, as `viewfinder deploy` does."""
    root = install.config.model_root
    if not root:
        text, remedy = "no model root is named", f"name it with {spell('model_root')}"
        yield Finding("model root", FindingState.UNKNOWN, text, remedy)
    elif root.startswith(PVC) and not is_mounted(root):
        text = (
            f"{root} is only mounted in pods: `{write_command('deploy')}` cannot read it from here"
        )
        remedy = f"name the version's number, and deploy with {spell('compare', False)}"
        yield Finding("model root", FindingState.UNKNOWN, text, remedy)
    else:
        yield Finding("model root", FindingState.OK, probe(root))


def _probe(install: Install, name: str, task: PodTask, can: str, remedy: str) -> Finding:
    try:
        outcome = run_pod(install, task)
    except ViewfinderError as error:
        return Finding.of_error(name, error)
    if outcome.exit_code == 0:
        return Finding(name, FindingState.OK, f"{task.account} {can}")
    said = outcome.output.splitlines()[-1] if outcome.output else f"exit code {outcome.exit_code}"
    return Finding(name, FindingState.FAILED, f"as {task.account}: {said}", remedy)


def _kserve_environment(install: Install) -> tuple[Object, ...]:
    """Return the environment that KServe gives its storage initializer from an S3 Secret."""
    path = install.core("serviceaccounts", install.config.predictor_account)
    account = install.read(path, "service accounts") or {}
    for entry in account.get("secrets") or []:
        secret = install.read(install.core("secrets", entry["name"]), "secrets") or {}
        if "AWS_ACCESS_KEY_ID" in (secret.get("data") or {}):
            return _s3_environment(secret)
    return ()


def _s3_environment(secret: Object) -> tuple[Object, ...]:
    metadata = secret["metadata"]
    annotations = metadata.get("annotations") or {}
    variables: list[Object] = [
        {"name": key, "valueFrom": {"secretKeyRef": {"name": metadata["name"], "key": key}}}
        for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    ]
    if endpoint := annotations.get(f"{_S3_ANNOTATION}endpoint"):
        scheme = "http" if annotations.get(f"{_S3_ANNOTATION}usehttps") == "0" else "https"
        variables.append({"name": "AWS_ENDPOINT_URL", "value": f"{scheme}://{endpoint}"})
    if region := annotations.get(f"{_S3_ANNOTATION}region"):
        variables.append({"name": "AWS_REGION", "value": region})
    return tuple(variables)
