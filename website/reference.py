"""The pages of the API reference: one for each module of the public interface."""

import ast
from collections.abc import Iterator
from pathlib import Path

_STUB = Path("pipelines", "viewfinder", "__init__.pyi")
_TITLES = {
    "comparison": "Ways to serve, compared",
    "cost": "What serving costs",
    "deployments": "Deployments",
    "errors": "Errors",
    "figures": "Figures",
    "installation": "Checking an installation",
    "kubeflow": "Kubeflow Pipelines",
    "pipelines": "Pipelines of your own",
    "prediction": "Batch prediction",
    "release": "Release",
    "reports": "Reports",
    "runs": "Runs",
    "serving": "Serving and predicting",
    "tables": "Tables",
    "versions": "Published versions",
}


def write_reference(root: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and the Markdown of each page, in which mkdocstrings fills in the docstrings.

    Raises:
        KeyError: A module of the interface has no title here.
    """
    for node in ast.parse((root / _STUB).read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            public = sorted((alias.name for alias in node.names), key=_rank)
            names = "\n\n".join(f"::: viewfinder.{name}" for name in public)
            yield f"{node.module}.md", f"# {_TITLES[node.module]}\n\n{names}\n"


def _rank(name: str) -> tuple[bool, bool]:
    """Functions come first, then constants, then classes; within each, the order of the stub."""
    return not name.islower(), not name.isupper()
