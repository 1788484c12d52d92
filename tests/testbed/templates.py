"""The manifests that lie in `manifests/`, with a test bed's addresses and images filled in."""

import string
from pathlib import Path
from typing import Any

import yaml

_FOLDER = Path(__file__).parent / "manifests"


def load(name: str, **values: str) -> list[dict[str, Any]]:
    """Return the objects of `manifests/<name>.yaml`.

    Args:
        name: The file's name without its ending.
        values: What stands for each `${name}` in it.

    Raises:
        KeyError: The file wants a value that is not given.
    """
    text = (_FOLDER / f"{name}.yaml").read_text()
    return list(yaml.safe_load_all(string.Template(text).substitute(values)))
