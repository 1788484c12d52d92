"""The tokens that a predictor accepts: from a file, or from an environment variable."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from viewfinder_components.bearer_token import (
    MAX_FILE_BYTES,
    RULE,
    SERVING_VARIABLE,
    is_token,
)
from viewfinder_components.errors import PermanentError, UsageError, reason_of
from viewfinder_serving.changing_files import ChangingFiles

_WRITE = "write one token a line, such as `openssl rand -hex 32` prints"

Digests = tuple[bytes, ...]
"""SHA-256 of each token. The tokens themselves are not kept."""


def digest_token(token: str) -> bytes:
    """Return a token's digest."""
    return hashlib.sha256(token.encode("latin-1", "replace")).digest()


def find_tokens(file: Path | None) -> Callable[[], Digests] | None:
    """Return what gives the tokens that are accepted; None if requests need none.

    Args:
        file: One token a line; None for those of the environment variable.

    Raises:
        PermanentError: There are no tokens where they should be, or something else.
    """
    text = os.environ.get(SERVING_VARIABLE)
    if file is not None and text is not None:
        raise UsageError(
            f"tokens in --token-file or in the environment variable {SERVING_VARIABLE}",
            "both",
            "unset the variable, or leave the option out",
        )
    if file is not None:
        return ChangingFiles(f"tokens of {file}", [file], lambda: _read_file(file)).get
    if text is not None:
        digests = _read_tokens(text, f"in the environment variable {SERVING_VARIABLE}")
        return lambda: digests
    return None


def _read_file(file: Path) -> Digests:
    where = f"in {file}"
    try:
        if not file.is_file():
            raise FileNotFoundError(2, "no such file")
        with file.open("rb") as opened:
            content = opened.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: no name of a file
        raise PermanentError(f"tokens {where}", reason_of(error), _WRITE) from error
    if len(content) > MAX_FILE_BYTES:
        raise PermanentError(f"tokens {where}", f"more than {MAX_FILE_BYTES:,} bytes", _WRITE)
    return _read_tokens(content.decode("latin-1"), where)


def _read_tokens(text: str, where: str) -> Digests:
    """Return the digests of the tokens in a text, which no message quotes."""
    lines = [line.strip() for line in text.splitlines()]
    for number, line in enumerate(lines, 1):
        if line and not is_token(line):
            raise PermanentError(
                f"{RULE}, in each line {where}", f"something else in line {number}", _WRITE
            )
    if not any(lines):
        raise PermanentError(f"tokens {where}", "none", _WRITE)
    return tuple(digest_token(line) for line in lines if line)
