"""The pipelines: their parameters, and how they are compiled."""

import os
import tempfile
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from viewfinder.arguments import checked
from viewfinder_components import outcome
from viewfinder_components.errors import ParameterError, UsageError
from viewfinder_components.formats import evaluation, training
from viewfinder_components.outcome import OutcomeRecorder
from viewfinder_components.parameters import Parameter, configuration
from viewfinder_components.ranges import Count, Share
from viewfinder_components.shared_parameters import ModelName, ModelRoot, RunId
from viewfinder_components.spelling import spell
from viewfinder_components.step import Role, Step
from viewfinder_components.steps import STEPS
from viewfinder_components.whole_files import write_text
from viewfinder_components.writing import explaining_system, need_file_or_nothing, writing
from viewfinder_pipelines.pipeline import parameter_passing
from viewfinder_pipelines.pipeline.assignments import find_parameter, parse_assignments
from viewfinder_pipelines.pipeline.definition import PipelineDefinition
from viewfinder_pipelines.pipeline.parameter_passing import Given
from viewfinder_pipelines.pipeline.parameter_table import to_markdown, write_default
from viewfinder_pipelines.pipeline.registry import (
    BATCH_PREDICTION,
    DEPLOYMENT,
    PIPELINES,
    TRAINING,
    find_pipeline,
)
from viewfinder_pipelines.settings.file import DEFAULT_FILE, read_settings

__all__ = [
    "BATCH_PREDICTION",
    "DEPLOYMENT",
    "PIPELINES",
    "STEPS",
    "TRAINING",
    "Count",
    "Given",
    "ModelName",
    "ModelRoot",
    "OutcomeRecorder",
    "Parameter",
    "PipelineDefinition",
    "Role",
    "RunId",
    "Share",
    "Step",
    "compile_components",
    "compile_pipeline",
    "configuration",
    "find_parameter",
    "find_pipeline",
    "find_unnamed_images",
    "parse_assignments",
    "read_evaluation",
    "read_training",
    "record_outcome",
    "to_markdown",
    "with_parameters",
    "write_default",
]


@checked
def compile_pipeline(
    path: str | Path,
    *,
    pipeline: PipelineDefinition = TRAINING,
    settings: str | Path | None = None,
) -> Path:
    """Write a pipeline as YAML for the Kubeflow Pipelines UI or SDK.

    Args:
        path: The file to write, which ends in `.yaml`; folders are made.
        pipeline: Which one: `TRAINING`, `DEPLOYMENT`, `BATCH_PREDICTION`, or one of your own.
        settings: The settings file, which says what the pods get; None for `viewfinder.toml` in the
            working directory, if there is one.

    Returns:
        The file's path.

    Raises:
        UsageError: The path does not end in `.yaml`.
        PermanentError: The settings file is missing or wrong, or the path cannot be written.
    """
    from viewfinder_pipelines.kubeflow.submission import compile_for_cluster
    from viewfinder_pipelines.pipeline import compiling

    path = Path(path)
    if path.suffix != ".yaml":
        raise UsageError(
            "the name of a file that ends in .yaml", f"'{path}'", "write pipeline.yaml for example"
        )
    with explaining_system():
        need_file_or_nothing(path, f"name another {spell('path')}")
    with explaining_system(), tempfile.TemporaryDirectory(prefix="viewfinder-compile-") as folder:
        compiled = Path(folder) / path.name
        if settings is None and not DEFAULT_FILE.is_file():
            compiling.compile_pipeline(compiled, pipeline)
        else:
            known = read_settings(settings)
            compile_for_cluster(compiled, known.platform, known.kubeflow.cache, pipeline)
        with writing(path.absolute().parent, path.name, f"name another {spell('path')}"):
            _put(compiled, path)
    return path


@checked
def compile_components(folder: str | Path, *, settings: str | Path | None = None) -> list[Path]:
    """Write the steps' components as YAML, one file each, such as `train.yaml`.

    `kfp.components.load_component_from_file` reads them where this package is not installed, for
    pipelines that use some of the steps.

    Args:
        folder: Where to write them; it is made.
        settings: The settings file, which names the images; None for `viewfinder.toml` in the
            working directory, if there is one. kfp takes nothing else of a pod from a component's
            file: set resources, secrets and volumes in the pipeline.

    Returns:
        The files' paths, in the order of the steps.

    Raises:
        PermanentError: The settings file is missing or wrong, or the folder cannot be written.
    """
    from viewfinder_pipelines.pipeline import components

    folder = Path(folder)
    platform = read_settings(settings).platform
    with explaining_system(), tempfile.TemporaryDirectory(prefix="viewfinder-compile-") as scratch:
        compiled = components.compile_components(Path(scratch), platform)
        with writing(folder.absolute(), "components", f"name another {spell('folder')}"):
            folder.mkdir(parents=True, exist_ok=True)
            for path in compiled:
                need_file_or_nothing(folder / path.name, f"name another {spell('folder')}")
                _put(path, folder / path.name)
    return [folder / path.name for path in compiled]


def find_unnamed_images(steps: Iterable[Step], settings: str | Path | None = None) -> list[str]:
    """Return the images that the pods of these steps would use although no registry has them.

    Args:
        steps: The steps.
        settings: The settings file, as for `compile_pipeline`.
    """
    from viewfinder_pipelines.kubeflow import reach

    return reach.find_unnamed_images(read_settings(settings).platform, steps)


@checked
def with_parameters(
    pipeline: PipelineDefinition,
) -> Callable[[Callable[[Given], None]], Callable[..., None]]:
    """Decorate the function of your own pipeline, below `dsl.pipeline`: it is called with `Given`.

    Args:
        pipeline: The definition, whose parameters the function's signature and docstring get.
    """
    return parameter_passing.with_parameters(pipeline)


@checked
def record_outcome(step: str, metrics: Any) -> AbstractContextManager[OutcomeRecorder]:
    """Record how a step of your own ends; all of its component's work is in the `with` block.

    The run's record has the summary, the metrics and the times, or why the step failed. Put imports
    inside the block as well, so that one that fails is recorded.

    Args:
        step: The step's name.
        metrics: An output of the component, `dsl.Output[dsl.Metrics]`, which gets the metrics.

    Returns:
        A context manager; it yields the recorder, whose `succeed` reports what the step did.

    Raises:
        ParameterError: `metrics` is something else.
    """
    from kfp.dsl import Metrics

    if not isinstance(metrics, Metrics):  # of another artifact, the file would be overwritten
        raise ParameterError("metrics", "an output of the type dsl.Metrics", metrics)
    return outcome.record_outcome(step, metrics)


@checked
def read_evaluation(folder: str | Path) -> dict[str, Any]:
    """Read what the step evaluate has written, in a component of your own.

    Args:
        folder: The path of its artifact `evaluation`.

    Returns:
        `accepted` and `decision`, which are the gate's, `labels`, which are the classes, and
        `metrics`; `model` says how the model was trained, and `config` with which parameters it was
        evaluated.

    Raises:
        PermanentError: There is none, it is damaged, or another release wrote it.
    """
    return evaluation.read_evaluation(Path(folder))


@checked
def read_training(folder: str | Path) -> dict[str, Any]:
    """Read what the step train has written about training, in a component of your own.

    Args:
        folder: The path of its artifact `model`.

    Returns:
        `backbone` and `head`; `labels`, which are the classes; `photos`, the number of photos by
        split; `history`, an entry for each epoch; and `best`, the entry of the epoch whose weights
        the model has. An entry has `epoch` (from 1 on), `phase`, `loss`, `accuracy` (0 to 1),
        `val_loss` and `val_accuracy`, which are None if there are no validation photos.

    Raises:
        PermanentError: There is none, or it is damaged.
    """
    return training.read_epochs(Path(folder))


def _put(compiled: Path, path: Path) -> None:
    """Put a file in its place, whole or not at all; where a link leads if it is one."""
    write_text(Path(os.path.realpath(path)), compiled.read_text("utf-8"))
