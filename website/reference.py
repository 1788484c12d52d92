"""The pages of the API reference: one for each public module, and one for the client."""

import ast
from collections.abc import Iterator
from pathlib import Path

_STUB = Path("pipelines", "viewfinder", "__init__.pyi")
_CLIENT_STUB = Path("components", "viewfinder_client", "__init__.pyi")
_TITLES = {
    "comparison": "Ways to serve, compared",
    "cost": "What serving costs",
    "deployments": "Deployments",
    "drifting": "Drift",
    "errors": "Errors",
    "figures": "Figures",
    "installation": "Checking an installation",
    "kubeflow": "Kubeflow Pipelines",
    "objectives": "Error budgets",
    "pipelines": "Pipelines of your own",
    "prediction": "Batch prediction",
    "release": "Release",
    "reports": "Reports",
    "runs": "Runs",
    "serving": "Serving and predicting",
    "tables": "Tables",
    "versions": "Published versions",
    "watching": "Watching a served model",
}


def write_reference(root: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and the Markdown of each page, in which mkdocstrings fills in the docstrings.

    Raises:
        KeyError: A module of the interface has no title here.
    """
    for module, public in _read_stub(root / _STUB):
        yield f"{module}.md", _write_page(_TITLES[module], "viewfinder", public)
    found = [name for _, public in _read_stub(root / _CLIENT_STUB) for name in public]
    yield "client.md", _write_page("The client", "viewfinder_client", found)


def _read_stub(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield each module that a stub takes names from, and the names."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, [alias.name for alias in node.names]


def _write_page(title: str, package: str, public: list[str]) -> str:
    names = "\n\n".join(f"::: {package}.{name}" for name in sorted(public, key=_rank))
    return f"# {title}\n\n{names}\n"


def _rank(name: str) -> tuple[bool, bool]:
    """Functions come first, then constants, then classes; within each, the order of the stub."""
    return not name.islower(), not name.isupper()
