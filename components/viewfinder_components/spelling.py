"""How a message names what its reader can set, and the commands that its reader can run.

A parameter is `keep=3` in Python and `--keep 3` on a command line. Messages are made far below
whoever called, and know parameters by their names alone. The command line says here what its
options are called while a command runs.
"""

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

PROGRAM = "VIEWFINDER_PROGRAM"
"""The environment variable with which a command tells the steps it starts how it was called."""

_PROGRAM_NAME = "viewfinder"

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


@contextmanager
def spelled_in_settings(table: str, names: Container[str]) -> Iterator[None]:
    """Have some parameters spelled as in a settings file while the block runs.

    Args:
        table: The table that has them, such as `retraining.fruit.parameters`.
        names: Which; the others are spelled as before.
    """
    before = _spelling.get()

    def spell_in_table(name: str, value: Any) -> str:
        if name not in names:
            return before(name, value)
        set_to = name if value is None else f"{name} = {json.dumps(value, ensure_ascii=False)}"
        return f"{set_to} in [{table}]"

    with spelled(spell_in_table):
        yield


def write_command(*words: str) -> str:
    """Return a command of this program as its reader can run it: `.venv/bin/viewfinder show RUN`.

    Args:
        words: The command and its arguments; words in capitals stand for something.
    """
    return " ".join([name_program(), *map(shlex.quote, words)])


def name_program() -> str:
    """Return the program as it was called; its name alone where a shell finds it, or in Python."""
    if told := os.environ.get(PROGRAM):
        return told
    called = sys.argv[0] if sys.argv else ""
    if os.path.basename(called) != _PROGRAM_NAME:  # a script, a notebook, a pod
        return _PROGRAM_NAME
    found = shutil.which(_PROGRAM_NAME)
    if found is not None and os.path.realpath(found) == os.path.realpath(called):
        return _PROGRAM_NAME
    return shlex.quote(called)
