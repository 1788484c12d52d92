"""Compile the pipelines."""

import warnings
from itertools import takewhile
from pathlib import Path

from viewfinder_pipelines.pipeline.definition import PipelineDefinition
from viewfinder_pipelines.pipeline.registry import TRAINING


def compile_pipeline(
    path: Path, pipeline: PipelineDefinition = TRAINING, *, cache: bool = True
) -> None:
    """Write a pipeline as KFP's YAML, flattened; the same source gives the same bytes.

    Args:
        path: The file to write.
        pipeline: The pipeline.
        cache: Whether Kubeflow's cache may be used; if not, the steps that serve it are omitted.
    """
    import yaml  # type: ignore[import-untyped]
    from kfp import compiler

    from viewfinder_pipelines.pipeline.cache_steps import omit_cache_steps
    from viewfinder_pipelines.pipeline.flattening import flatten_conditions
    from viewfinder_pipelines.pipeline.platform import PlatformSettings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        compiler.Compiler().compile(pipeline.load(), str(path))
    text = path.read_text(encoding="utf-8")
    specification, *platforms = yaml.safe_load_all(text)
    flatten_conditions(specification)
    if not cache:
        omit_cache_steps(specification)
    PlatformSettings().apply(specification, {})
    # The comment at the top lists the pipeline's parameters.
    comment = "".join(takewhile(lambda line: line.startswith("#"), text.splitlines(True)))
    path.write_text(
        comment + yaml.safe_dump_all([specification, *platforms], sort_keys=True), encoding="utf-8"
    )
