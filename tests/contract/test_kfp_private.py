"""What kfp does not promise to keep is used in modules of one name."""

import ast
from pathlib import Path

import viewfinder_pipelines

PIPELINES = Path(viewfinder_pipelines.__file__).parent


def private_uses(path: Path) -> list[str]:
    """Return the private attributes of other objects that a module reaches for."""
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and ast.unparse(node.value) not in ("self", "cls", "type(self)")
    ]


def test_no_other_module_reaches_for_private_attributes() -> None:
    found = {
        str(path.relative_to(PIPELINES)): private_uses(path) for path in PIPELINES.rglob("*.py")
    }
    private = {"kubeflow/kfp_private.py", "local/kfp_private.py"}
    assert {name for name, uses in found.items() if uses} == private
