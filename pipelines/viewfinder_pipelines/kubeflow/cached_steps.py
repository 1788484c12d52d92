"""Where the cache took a step's outputs from, which Kubeflow Pipelines 2.17 does not report.

A cached step has neither a pod nor outputs in the workflow. But what a later step takes from it is
still where the step put it when it ran, and the driver of the later step records that place:
`<pipeline root>/<pipeline>/<run>/<step>/<salt>/<output>` (GenerateOutputURI in
backend/src/v2/metadata/client.go). The folder contains all of the step's outputs, and the run has
the step's pods and logs.

If no later step takes anything from it, its origin stays unknown: the driver of the cached step
reports only that it was cached (`cached-decision`), and so does the run's answer in the API.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from viewfinder_components.errors import PermanentError
from viewfinder_pipelines.kubeflow.client import Kubeflow
from viewfinder_pipelines.kubeflow.workflow import Driver, read_drivers, read_steps
from viewfinder_pipelines.kubeflow.workflow_step import WorkflowStep
from viewfinder_pipelines.runs.record import ArtifactRecord

_PLACE = re.compile(
    r"/(?P<run>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/(?P<task>[^/]+)/[^/]+/(?P<output>[^/]+)$"
)


@dataclass(frozen=True)
class Original:
    """The step that ran and whose outputs a cached step has.

    Attributes:
        run_id: The run in which it ran.
        namespace: Where its pods were.
        step: The step.
    """

    run_id: str
    namespace: str
    step: WorkflowStep


def read_workflow(kubeflow: Kubeflow, run_id: str) -> dict[str, Any]:
    """Return a run's Argo workflow, which the newer version of the API does not provide.

    Raises:
        PermanentError: There is no such run.
        TransientError: The API is currently unavailable.
    """
    text = kubeflow.get(f"/apis/v1beta1/runs/{run_id}")
    manifest = json.loads(text).get("pipeline_runtime", {}).get("workflow_manifest")
    workflow: dict[str, Any] = json.loads(manifest) if manifest else {}
    return workflow


def read_traced_steps(workflow: Mapping[str, Any]) -> list[WorkflowStep]:
    """Return the steps that have begun, including the cached ones' artifacts and origin.

    The origin of a step is known once a later step that takes its outputs has a pod, or itself came
    from the cache with a known origin: what that one took there is the same.
    """
    steps, drivers = read_steps(workflow), read_drivers(workflow)
    uris: dict[str, str] = {}
    for producer, _, uri in _takings(drivers.values()):
        if uri:
            uris[producer] = uri
    traced = [
        _trace(step, drivers.get(step.name), uris.get(step.name, ""))
        if step.state == "cached"
        else step
        for step in steps
    ]
    return _with_origins_of_later_steps(traced, drivers)


class Originals:
    """Finds the steps that ran; each run is read once.

    Args:
        kubeflow: Where the runs are.
    """

    def __init__(self, kubeflow: Kubeflow) -> None:
        self._kubeflow = kubeflow
        self._runs: dict[str, tuple[str, list[WorkflowStep]]] = {}

    def find(self, step: WorkflowStep) -> Original:
        """Return the step that ran and whose outputs a cached step has.

        Raises:
            PermanentError: The run is unknown, gone, or of another pipeline.
            TransientError: The API is currently unavailable.
        """
        run_id, seen = step.origin, set[str]()
        while run_id and run_id not in seen:
            seen.add(run_id)
            namespace, steps = self._read(run_id)
            found = next((one for one in steps if _is_original(one, step)), None)
            if found is not None and found.state != "cached":
                return Original(run_id, namespace, found)
            run_id = found.origin if found is not None else ""
        raise PermanentError(
            f"the run in which the step {step.name} ran, whose outputs the cache has",
            "no step that used them" if not seen else "runs that do not contain it",
            "run again without the cache: cache = false under [kubeflow]",
        )

    def _read(self, run_id: str) -> tuple[str, list[WorkflowStep]]:
        if run_id not in self._runs:
            workflow = read_workflow(self._kubeflow, run_id)
            namespace = str(workflow.get("metadata", {}).get("namespace", ""))
            self._runs[run_id] = (namespace, read_traced_steps(workflow))
        return self._runs[run_id]


def _is_original(other: WorkflowStep, step: WorkflowStep) -> bool:
    """Whether another run's step made a cached step's artifacts, as far as they are known.

    In a loop, another iteration may have made them, even one of the same run.
    """
    if not step.artifacts:
        return other.name == step.name
    made = {artifact.uri for artifact in other.artifacts.values()}
    return not made.isdisjoint(artifact.uri for artifact in step.artifacts.values())


def _takings(drivers: Iterable[Driver]) -> Iterator[tuple[str, str, str]]:
    """Yield what each step takes: the producing step, the consuming one, and the output's URI."""
    for driver in drivers:
        given = driver.inputs.get("artifacts", {})
        for name, source in driver.task.get("inputs", {}).get("artifacts", {}).items():
            artifacts = given.get(name, {}).get("artifacts") or [{}]
            uri = str(artifacts[0].get("uri", ""))
            for producer in _producers(driver, source, uri):
                yield producer, driver.step, uri


def _producers(driver: Driver, source: Mapping[str, Any], uri: str) -> set[str]:
    """Return the names that the step which made an artifact may have in this run.

    What a step in a loop or a condition takes from outside is named only by its URI.
    """
    if output := source.get("taskOutputArtifact"):
        return {str(output["producerTask"]) + driver.iteration}
    place = _PLACE.search(uri)
    return {place["task"], place["task"] + driver.iteration} if place else set()


def _trace(step: WorkflowStep, driver: Driver | None, uri: str) -> WorkflowStep:
    """Return a cached step with what one output's URI reveals about all of them."""
    place = _PLACE.search(uri)
    definitions = driver.component.get("outputDefinitions", {}) if driver else {}
    outputs = definitions.get("artifacts", {})
    if place is None or place["output"] not in outputs:
        return step
    folder = uri.rpartition("/")[0]
    artifacts = {
        name: ArtifactRecord(
            f"{folder}/{name}", str(output.get("artifactType", {}).get("schemaTitle", "")), {}
        )
        for name, output in outputs.items()
    }
    return replace(step, artifacts=artifacts, origin=place["run"])


def _with_origins_of_later_steps(
    steps: Sequence[WorkflowStep], drivers: Mapping[str, Driver]
) -> list[WorkflowStep]:
    takers: dict[str, list[str]] = {}
    for producer, taker, _ in _takings(drivers.values()):
        takers.setdefault(producer, []).append(taker)
    origins = {step.name: step.origin for step in steps}
    for step in reversed(steps):  # a later one may just have got its own
        if step.state == "cached" and not step.origin:
            known = [origins.get(name, "") for name in takers.get(step.name, ())]
            origins[step.name] = next(filter(None, known), "")
    return [replace(step, origin=origins[step.name]) for step in steps]
