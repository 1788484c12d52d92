"""Bearer tokens (RFC 6750): their form, and the one that this process sends to predictors."""

import os
import re
from pathlib import Path

from viewfinder_components.errors import UsageError, reason_of

RULE = "a token of 16 to 512 letters, digits and -._~+/, with any = at its end"
OWN_HEADER = "viewfinder-authorization"
"""Takes a token where a proxy in between uses `Authorization` itself, as Kubernetes' API server
does."""
VARIABLE, FILE_VARIABLE = "VIEWFINDER_TOKEN", "VIEWFINDER_TOKEN_FILE"
"""Give the token that this process sends."""
SERVING_VARIABLE = "VIEWFINDER_SERVING_TOKENS"
"""Gives the tokens that a predictor accepts."""
ADVICE = (
    "set the environment variable VIEWFINDER_TOKEN to a token that the server accepts, or "
    "VIEWFINDER_TOKEN_FILE to a file with one"
)
"""What to do about HTTP 401."""
MAX_FILE_BYTES = 64 * 1024

_TOKEN = re.compile(r"(?=.{16,512}\Z)[A-Za-z0-9._~+/-]+=*")


def is_token(text: str) -> bool:
    """Whether a text has the form of a token; 16 characters are too many to be guessed."""
    return bool(_TOKEN.fullmatch(text))


def find_own_token() -> str | None:
    """Return the token that an environment variable gives or whose file it names; None without one.

    The file is read whenever this is called, so that a token that was replaced is sent.

    Raises:
        UsageError: Both variables are set, or what they give is not a token.
    """
    text, file = os.environ.get(VARIABLE), os.environ.get(FILE_VARIABLE)
    if text is not None and file is not None:
        raise UsageError(
            "a token in the variable VIEWFINDER_TOKEN or a file in VIEWFINDER_TOKEN_FILE",
            "both",
            "unset one of them",
        )
    if file is not None:
        return _need_token(_read_first_line(Path(file)), f"in the first line of {file}")
    return None if text is None else _need_token(text.strip(), "in VIEWFINDER_TOKEN")


def _read_first_line(file: Path) -> str:
    try:
        with file.open(encoding="utf-8", errors="replace") as opened:
            return opened.readline(MAX_FILE_BYTES).strip()
    except (OSError, ValueError) as error:  # ValueError: no name of a file
        raise UsageError(
            "a readable file of a token in VIEWFINDER_TOKEN_FILE",
            f"{file} ({reason_of(error)})",
            "correct the variable, or unset it",
        ) from error


def _need_token(text: str, where: str) -> str:
    if not is_token(text):
        received = f"{len(text)} characters of another form" if text else "nothing"
        raise UsageError(f"{RULE}, {where}", received, "ask whoever runs the predictor")
    return text
