"""The steps' components, for pipelines that are written without this package."""

import importlib
import warnings
from pathlib import Path
from typing import Any

import viewfinder_components
from viewfinder_components.steps import STEPS
from viewfinder_pipelines.pipeline.platform import PlatformSettings


def load_components() -> dict[str, Any]:
    """Return the components by the name of their step, in the order of the steps."""
    folder = Path(viewfinder_components.__file__).parent
    modules = [
        importlib.import_module(f"{viewfinder_components.__name__}.{path.parent.name}.component")
        for path in sorted(folder.glob("*/component.py"))
    ]
    found = {name: vars(module)[name] for module in modules for name in STEPS.keys() & vars(module)}
    return {name: found[name] for name in STEPS if name in found}


def compile_components(folder: Path, platform: PlatformSettings) -> list[Path]:
    """Write each component as YAML, such as `train.yaml`; the same source gives the same bytes.

    Args:
        folder: Where; it exists.
        platform: The images. kfp takes nothing else of a pod from a component's file, neither
            resources nor environment.

    Returns:
        The files, in the order of the steps.
    """
    import yaml  # type: ignore[import-untyped]
    from kfp import compiler

    paths = []
    for name, component in load_components().items():
        path = folder / f"{name}.yaml"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            compiler.Compiler().compile(component, str(path))
        specification = yaml.safe_load(path.read_text(encoding="utf-8"))
        platform.apply(specification, {}, STEPS)
        path.write_text(yaml.safe_dump(specification, sort_keys=True), encoding="utf-8")
        paths.append(path)
    return paths
