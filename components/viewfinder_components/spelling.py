"""How a message names what its reader can set: `keep=3` in Python, `--keep 3` on a command line.

Messages are made far below whoever called, and know parameters by their names alone. The command
line says here what its options are called while a command runs.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

Spelling = Callable[[str, Any], str]
"""Takes a parameter's name and a value; None for the name alone."""


def _as_in_python(name: str, value: Any) -> str:
    if value is None:
        return name
    is_word = isinstance(value, bool) or re.fullmatch("[A-Z]+", str(value))
    return f"{name}={value if is_word else json.dumps(value, ensure_ascii=False)}"


_spelling: ContextVar[Spelling] = ContextVar("spelling", default=_as_in_python)


def spell(name: str, value: Any = None) -> str:
    """Return how the reader of a message names a parameter, or sets it.

    Args:
        name: Its name in Python.
        value: What to set it to, or a word in capitals for it; None for the name alone.
    """
    return _spelling.get()(name, value)


def is_in_python() -> bool:
    """Return whether the reader called from Python, as far as is known."""
    return _spelling.get() is _as_in_python


@contextmanager
def spelled(spelling: Spelling) -> Iterator[None]:
    """Have parameters spelled in another way while the block runs."""
    token = _spelling.set(spelling)
    try:
        yield
    finally:
        _spelling.reset(token)
