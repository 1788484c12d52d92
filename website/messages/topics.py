"""What a reader was doing when a message came, by the module that makes it."""

from typing import NamedTuple


class Topic(NamedTuple):
    """A section of the page."""

    title: str
    introduction: str


PHOTOS = Topic(
    "Photos, folders and labels",
    "`validate` reads every file, and fails if the photos do not meet its limits. "
    "[photos.md](photos.md) describes what is accepted.",
)
TABLES = Topic(
    "Tables and corrections",
    "Tables of photos are described in [photos.md](photos.md#tables), corrections in "
    "[labels.md](labels.md#correct-labels). Nothing has been trained yet when one of these "
    "messages comes.",
)
ARGUMENTS = Topic(
    "Commands, parameters and settings",
    "The request itself is wrong, and nothing was started: commands exit with 2. "
    "[parameters.md](parameters.md) lists every parameter, and "
    "[viewfinder.toml](viewfinder.toml) shows every setting.",
)
SYSTEM = Topic(
    "Disk, memory and permissions",
    "Messages of the operating system and of libraries, in any command and any step. What was "
    "received is the system's own text.",
)
RUNS = Topic(
    "Running the pipeline",
    "A step failed, or a run could not be started or resumed. `viewfinder show RUN` shows the "
    "step and the last lines of its log.",
)
GATE = Topic(
    "The gate's reasons",
    "After `evaluate`, the decision consists of sentences such as these. `viewfinder run` exits "
    "with 3 if the model was refused; the run itself has not failed. "
    "[When a model is accepted](versions.md#when-a-model-is-accepted) lists the rules.",
)
CHECK = Topic(
    "The check before publishing",
    "`check` starts the predictor with the exported model, and fails if an answer, a latency or "
    "the memory is not within its limit. Nothing was published.",
)
STORAGE = Topic(
    "The model root and object stores",
    "Published versions could not be read, written or removed. "
    "[Where photos and versions can be stored]"
    "(kubeflow.md#where-photos-and-versions-can-be-stored) lists the places and permissions.",
)
DEPLOYMENT = Topic(
    "Deploying",
    "The version is published, and does not serve. The service is as it was before unless the "
    "message says otherwise: [what deploy does](kubeflow.md#what-deploy-does).",
)
SERVING = Topic(
    "Starting the predictor",
    "`viewfinder serve`, or the container of the predictor, did not start. In a pod, the sentence "
    "is in the container's log.",
)
REQUESTS = Topic(
    "Answers of the predictor to a request",
    'A refused request is answered with this status and `{"error": "expected ..."}`; with gRPC, '
    "the sentence is the status message. [serving.md](serving.md#limits) explains the limits.",
)
PREDICTION = Topic(
    "Classifying photos",
    "`viewfinder predict`, `predict_photos` and the batch prediction: "
    "[batch-prediction.md](batch-prediction.md).",
)
COMPARISON = Topic(
    "Comparing ways to serve",
    "`viewfinder compare`: [comparison.md](comparison.md). What a server does wrong is the reason "
    "in its row, and does not end the comparison.",
)
WATCH = Topic(
    "Watching a served model",
    "`viewfinder watch`: [monitoring.md](monitoring.md#in-the-terminal). Later than at the first "
    "reading, what does not answer is shown, and does not end the command. `viewfinder slo`: "
    "[slo.md](slo.md).",
)
DRIFT = Topic(
    "Drift of a served model",
    "`viewfinder drift`: [drift.md](drift.md).",
)
RETRAINING = Topic(
    "Retraining automatically",
    "`viewfinder receive` did not start, or refused a request, which is then answered with this "
    "status: [retraining.md](retraining.md).",
)
KUBEFLOW = Topic(
    "Kubeflow Pipelines",
    "A run could not be submitted or followed, or one of its pods does not start: "
    "[kubeflow.md](kubeflow.md).",
)
DOCTOR = Topic(
    "Findings of `viewfinder doctor`",
    "Each row of its table that is not ok ends with what to do. `unknown` means that something "
    "could not be examined.",
)
COST = Topic(
    "What serving costs",
    "`viewfinder cost` or `estimate_cost`: a price file, a day's load or a capacity is not as "
    "expected. [cost.md](cost.md) describes them.",
)
NOTEBOOK = Topic(
    "Tables, figures and listeners in Python",
    "Functions that read or show the results of a run: [python.md](python.md).",
)

_COMPONENTS, _PIPELINES = "viewfinder_components", "viewfinder_pipelines"
_TOPICS = {  # the longest beginning of a module's name decides
    "viewfinder": ARGUMENTS,
    "viewfinder.cli.cost": COST,
    "viewfinder.comparison": COMPARISON,
    "viewfinder.cost": COST,
    "viewfinder.display": NOTEBOOK,
    "viewfinder.drifting": DRIFT,
    "viewfinder.figures": NOTEBOOK,
    "viewfinder.kubeflow": KUBEFLOW,
    "viewfinder.tables": NOTEBOOK,
    "viewfinder.objectives": WATCH,
    "viewfinder.watching": WATCH,
    "viewfinder_client": PREDICTION,
    "viewfinder_comparison": COMPARISON,
    "viewfinder_comparison.cost": COST,
    "viewfinder_serving": SERVING,
    f"{_COMPONENTS}.bearer_token": PREDICTION,
    f"{_COMPONENTS}.checking": CHECK,
    f"{_COMPONENTS}.deployment": DEPLOYMENT,
    f"{_COMPONENTS}.evaluation": RUNS,
    f"{_COMPONENTS}.evaluation.gate": GATE,
    f"{_COMPONENTS}.explanation": RUNS,
    f"{_COMPONENTS}.export": RUNS,
    f"{_COMPONENTS}.failures": SYSTEM,
    f"{_COMPONENTS}.foreign_errors": SYSTEM,
    f"{_COMPONENTS}.formats": RUNS,
    f"{_COMPONENTS}.monitoring": RUNS,
    f"{_COMPONENTS}.inference": RUNS,
    f"{_COMPONENTS}.inflation": REQUESTS,
    f"{_COMPONENTS}.parameters": ARGUMENTS,
    f"{_COMPONENTS}.photos": PHOTOS,
    f"{_COMPONENTS}.fingerprinting.fingerprint": TABLES,
    f"{_COMPONENTS}.photos.stamp": TABLES,
    f"{_COMPONENTS}.photos.table": TABLES,
    f"{_COMPONENTS}.photos.table_header": TABLES,
    f"{_COMPONENTS}.photos.table_quotes": TABLES,
    f"{_COMPONENTS}.prediction": PREDICTION,
    f"{_COMPONENTS}.preprocessing": RUNS,
    f"{_COMPONENTS}.publishing": STORAGE,
    f"{_COMPONENTS}.ranges": ARGUMENTS,
    f"{_COMPONENTS}.selection": DEPLOYMENT,
    f"{_COMPONENTS}.storage": STORAGE,
    f"{_COMPONENTS}.training": RUNS,
    f"{_COMPONENTS}.validation": PHOTOS,
    f"{_COMPONENTS}.validation.corrections": TABLES,
    f"{_COMPONENTS}.validation.corrections_table": TABLES,
    f"{_COMPONENTS}.writing": SYSTEM,
    f"{_PIPELINES}.deployments": DEPLOYMENT,
    f"{_PIPELINES}.doctor": DOCTOR,
    f"{_PIPELINES}.drift": DRIFT,
    f"{_PIPELINES}.kubeflow": KUBEFLOW,
    f"{_PIPELINES}.local": RUNS,
    f"{_PIPELINES}.local.explanation": PREDICTION,
    f"{_PIPELINES}.local.prediction": PREDICTION,
    f"{_PIPELINES}.local.served_model": PREDICTION,
    f"{_PIPELINES}.local.serving": SERVING,
    f"{_PIPELINES}.objectives": WATCH,
    f"{_PIPELINES}.pipeline": ARGUMENTS,
    f"{_PIPELINES}.results": NOTEBOOK,
    f"{_PIPELINES}.retraining": RETRAINING,
    f"{_PIPELINES}.runs": RUNS,
    f"{_PIPELINES}.settings": ARGUMENTS,
    f"{_PIPELINES}.watching": WATCH,
}
TOPICS = (
    PHOTOS, TABLES, ARGUMENTS, SYSTEM, RUNS, GATE, CHECK, STORAGE, DEPLOYMENT, SERVING, REQUESTS,
    PREDICTION, WATCH, DRIFT, RETRAINING, COMPARISON, COST, KUBEFLOW, DOCTOR, NOTEBOOK,
)  # fmt: skip
"""The sections in the order of the page: as a user meets them."""


def find_topic(module: str) -> Topic:
    """Return what a reader was doing when a module's message came.

    Raises:
        LookupError: Nobody has said yet.
    """
    name = module
    while name:
        if name in _TOPICS:
            return _TOPICS[name]
        name = name.rpartition(".")[0]
    raise LookupError(
        f"expected a topic for the messages of {module}, received none; "
        "add the module to website/messages/topics.py"
    )
