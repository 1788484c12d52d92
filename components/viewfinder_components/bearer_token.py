"""Bearer tokens (RFC 6750): their form, and those that this process sends."""

import os
import re
from pathlib import Path

from viewfinder_components.errors import UsageError, reason_of

RULE = "a token of 16 to 512 letters, digits and -._~+/, with any = at its end"
OWN_HEADER = "viewfinder-authorization"
"""Takes a token where a proxy in between uses `Authorization` itself, as Kubernetes' API server
does."""
VARIABLE, FILE_VARIABLE = "VIEWFINDER_TOKEN", "VIEWFINDER_TOKEN_FILE"
"""Give the token that this process sends to predictors."""
PROMETHEUS_VARIABLE = "VIEWFINDER_PROMETHEUS_TOKEN"
"""Gives the token that this process sends to Prometheus; with `_FILE`, the file that has it."""
SERVING_VARIABLE = "VIEWFINDER_SERVING_TOKENS"
"""Gives the tokens that a predictor accepts."""
ADVICE = (
    "set the environment variable VIEWFINDER_TOKEN to a token that the server accepts, or "
    "VIEWFINDER_TOKEN_FILE to a file with one"
)
"""What to do about HTTP 401."""
MAX_FILE_BYTES = 64 * 1024

_TOKEN = re.compile(r"(?=.{16,512}\Z)[A-Za-z0-9._~+/-]+=*")
_ANY_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")


def is_token(text: str) -> bool:
    """Whether a text has the form of a token; 16 characters are too many to be guessed."""
    return bool(_TOKEN.fullmatch(text))


def find_own_token() -> str | None:
    """Return the token that an environment variable gives or whose file it names; None without one.

    The file is read whenever this is called, so that a token that was replaced is sent.

    Raises:
        UsageError: Both variables are set, or what they give is not a token.
    """
    found = _find_text(VARIABLE)
    if found is None:
        return None
    text, where = found
    return _need_token(text, where, is_token(text), RULE, "ask whoever runs the predictor")


def find_prometheus_token() -> str | None:
    """Return the token for Prometheus, from its variable or file; see `find_own_token`.

    Tokens of Kubernetes and of single sign-on are longer than a predictor's may be.

    Raises:
        UsageError: As from `find_own_token`.
    """
    found = _find_text(PROMETHEUS_VARIABLE)
    if found is None:
        return None
    text, where = found
    rule = "a token of letters, digits and -._~+/, with any = at its end"
    return _need_token(text, where, bool(_ANY_TOKEN.fullmatch(text)), rule, "correct it")


def _find_text(variable: str) -> tuple[str, str] | None:
    """Return what a variable or the file that another one names gives, and where it is."""
    file_variable = f"{variable}_FILE"
    text, file = os.environ.get(variable), os.environ.get(file_variable)
    if text is not None and file is not None:
        raise UsageError(
            f"a token in the variable {variable} or a file in {file_variable}",
            "both",
            "unset one of them",
        )
    if file is not None:
        return _read_first_line(Path(file), file_variable), f"in the first line of {file}"
    return None if text is None else (text.strip(), f"in {variable}")


def _read_first_line(file: Path, variable: str) -> str:
    try:
        with file.open(encoding="utf-8", errors="replace") as opened:
            return opened.readline(MAX_FILE_BYTES).strip()
    except (OSError, ValueError) as error:  # ValueError: no name of a file
        raise UsageError(
            f"a readable file of a token in {variable}",
            f"{file} ({reason_of(error)})",
            "correct the variable, or unset it",
        ) from error


def _need_token(text: str, where: str, is_one: bool, rule: str, remedy: str) -> str:
    if not is_one:
        received = f"{len(text)} characters of another form" if text else "nothing"
        raise UsageError(f"{rule}, {where}", received, remedy)
    return text
