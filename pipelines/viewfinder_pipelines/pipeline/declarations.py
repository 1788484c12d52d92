"""The pipelines of this project: their steps and their parameters, known without importing kfp."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from viewfinder_components.checking import config as checking
from viewfinder_components.deployment import config as deployment
from viewfinder_components.evaluation import config as evaluation
from viewfinder_components.export import config as export
from viewfinder_components.parameters import Parameter, configuration, read_parameters
from viewfinder_components.preprocessing import config as preprocessing
from viewfinder_components.publishing import config as publishing
from viewfinder_components.selection import config as selection
from viewfinder_components.shared_parameters import ModelName, ModelRoot
from viewfinder_components.training import config as training
from viewfinder_components.validation import config as validation

_DEFAULT_NAME = "classifier"


@configuration
class TrainingParameters:
    """What the training pipeline decides itself, or has another default for than its steps."""

    model_root: ModelRoot
    model_name: ModelName = _DEFAULT_NAME
    run_id: str = "[[RunUUID]]"
    """Name of the run in the manifest of what it publishes; Kubeflow Pipelines puts the run's own
    id in the default's place."""
    deploy: bool = True
    """Whether the published version is deployed as a KServe InferenceService."""


@configuration
class DeploymentParameters:
    """What the deployment pipeline has another default for than its steps."""

    model_root: ModelRoot
    model_name: ModelName = _DEFAULT_NAME


@dataclass(frozen=True)
class Declaration:
    """What a pipeline is made of."""

    own: tuple[type[Any], ...]
    """What declares the parameters that are the pipeline's own; these defaults win."""
    steps: Mapping[str, tuple[type[Any], ...]]
    """What declares the parameters of each step."""
    wired: frozenset[str] = field(default=frozenset())
    """Parameters of the steps that the pipeline does not have: an earlier step gives them, or they
    keep their defaults."""

    def read_parameters(self) -> dict[str, Parameter]:
        """Return the pipeline's parameters by name, those first that must be given.

        Raises:
            TypeError: A step and the pipeline declare a parameter differently.
        """
        own = read_parameters(*self.own)
        steps = read_parameters(*(config for configs in self.steps.values() for config in configs))
        for name in own.keys() & steps.keys():
            if (own[name].kind, own[name].rule) != (steps[name].kind, steps[name].rule):
                raise TypeError(f"{name} has another range in the pipeline than in its step")
        kept = [one for name, one in {**own, **steps, **own}.items() if name not in self.wired]
        return {one.name: one for one in sorted(kept, key=lambda one: not one.is_required)}


class Pipeline(Enum):
    """A pipeline of this project; the values are the names in Kubeflow Pipelines."""

    TRAINING = "viewfinder-training"
    DEPLOYMENT = "viewfinder-deployment"

    @property
    def label(self) -> str:
        """What users call it: `training` or `deployment`."""
        return self.value.removeprefix("viewfinder-")

    @property
    def declaration(self) -> Declaration:
        """What it is made of."""
        return _DECLARED[self]

    @property
    def steps(self) -> frozenset[str]:
        """The steps' names."""
        return frozenset(self.declaration.steps)

    def load(self) -> Any:
        """Import the pipeline: it takes kfp, so it is done when it is needed."""
        module = importlib.import_module(f"viewfinder_pipelines.pipeline.{self.label}")
        return getattr(module, f"{self.label}_pipeline")

    @property
    def description(self) -> str:
        """What it does, in a sentence."""
        return str(self.load().description)


_DECLARED = {
    Pipeline.TRAINING: Declaration(
        own=(validation.PhotoSource, TrainingParameters),
        steps={
            "validate": validation.PARAMETERS,
            "preprocess": preprocessing.PARAMETERS,
            "train": training.PARAMETERS,
            "evaluate": evaluation.PARAMETERS,
            "export": export.PARAMETERS,
            "check": checking.PARAMETERS,
            "publish": publishing.PARAMETERS,
            "deploy": deployment.PARAMETERS,
        },
        wired=frozenset({"version_uri", "version_number", "compare"}),
    ),
    Pipeline.DEPLOYMENT: Declaration(
        own=(DeploymentParameters,),
        steps={"select": selection.PARAMETERS, "deploy": deployment.PARAMETERS},
        wired=frozenset({"version_uri", "version_number"}),
    ),
}


def list_parameters(pipeline: Pipeline = Pipeline.TRAINING) -> dict[str, Parameter]:
    """Return a pipeline's parameters by name, those first that must be given."""
    return pipeline.declaration.read_parameters()


def with_defaults(
    arguments: Mapping[str, Any], pipeline: Pipeline = Pipeline.TRAINING
) -> dict[str, Any]:
    """Return all of a pipeline's parameters, those not given with their defaults."""
    return {**{name: one.default for name, one in list_parameters(pipeline).items()}, **arguments}


def pipeline_of(parameters: Mapping[str, Any]) -> Pipeline:
    """Return which pipeline a run is of, by the parameters it was given: training needs `data`."""
    return Pipeline.TRAINING if "data" in parameters else Pipeline.DEPLOYMENT
