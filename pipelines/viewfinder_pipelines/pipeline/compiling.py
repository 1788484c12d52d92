"""Compile the pipelines, and read their parameters back."""

import importlib
import inspect
import warnings
from collections.abc import Mapping
from enum import Enum
from itertools import takewhile
from pathlib import Path
from typing import Any


class Pipeline(Enum):
    """A pipeline of this project; the values are the names in Kubeflow Pipelines."""

    TRAINING = "viewfinder-training"
    DEPLOYMENT = "viewfinder-deployment"

    @property
    def label(self) -> str:
        """What users call it: `training` or `deployment`."""
        return self.value.removeprefix("viewfinder-")

    @property
    def steps(self) -> frozenset[str]:
        """The steps' names, known without compiling it."""
        return _STEPS[self]

    def load(self) -> Any:
        """Import the pipeline: it takes kfp, so it is done when it is needed."""
        module = importlib.import_module(f"viewfinder_pipelines.pipeline.{self.label}")
        return getattr(module, f"{self.label}_pipeline")

    @property
    def description(self) -> str:
        """What it does, in a sentence."""
        return str(self.load().description)


_STEPS = {
    Pipeline.TRAINING: frozenset(
        {
            "validate",
            "preprocess",
            "train",
            "evaluate",
            "export",
            "check",
            "publish",
            "deploy",
        }
    ),
    Pipeline.DEPLOYMENT: frozenset({"select", "deploy"}),
}


def pipeline_of(parameters: Mapping[str, Any]) -> Pipeline:
    """Return which pipeline a run is of, by the parameters it was given: training needs `data`."""
    return Pipeline.TRAINING if "data" in parameters else Pipeline.DEPLOYMENT


def compile_pipeline(path: Path, pipeline: Pipeline = Pipeline.TRAINING) -> None:
    """Write a pipeline as KFP's YAML, without layers; the same source gives the same bytes."""
    import yaml  # type: ignore[import-untyped]
    from kfp import compiler

    from viewfinder_pipelines.pipeline.flattening import flatten_conditions
    from viewfinder_pipelines.pipeline.platform import PlatformSettings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        compiler.Compiler().compile(pipeline.load(), str(path))
    text = path.read_text(encoding="utf-8")
    specification, *platforms = yaml.safe_load_all(text)
    flatten_conditions(specification)
    PlatformSettings().apply(specification, {})
    # The comment on top tells what the pipeline takes.
    comment = "".join(takewhile(lambda line: line.startswith("#"), text.splitlines(True)))
    path.write_text(
        comment + yaml.safe_dump_all([specification, *platforms], sort_keys=True), encoding="utf-8"
    )


def list_parameters(pipeline: Pipeline = Pipeline.TRAINING) -> dict[str, inspect.Parameter]:
    """Return a pipeline's parameters by name, with their types and defaults."""
    return dict(inspect.signature(pipeline.load().pipeline_func).parameters)


def with_defaults(
    arguments: Mapping[str, Any], pipeline: Pipeline = Pipeline.TRAINING
) -> dict[str, Any]:
    """Return all of a pipeline's parameters, those not given with their defaults."""
    return {**{name: p.default for name, p in list_parameters(pipeline).items()}, **arguments}
