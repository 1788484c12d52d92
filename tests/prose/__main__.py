"""Check the prose of the project: `python -m tests.prose [file ...]`; without files, all of it."""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from proselint.checks import __register__ as proselint_checks
from proselint.config import DEFAULT, Config
from proselint.registry import CheckRegistry
from proselint.tools import LintFile
from tests.prose.house_rules import RULES
from tests.prose.passages import read_prose

# The more specific name decides. Left out is what judges by taste, or takes a term for a mistake.
_CHECKS = {
    "redundancy.misc.after_the_deadline": False,  # takes "and etcd" for "and etc."
    "typography.diacritical_marks": False,  # `resume` is a command, no curriculum vitae
    "typography.punctuation.exclamation": False,  # in "n!" it is no exclamation
    "typography.symbols": False,  # ASCII quotes and dots: a search finds those
    **DEFAULT["checks"],
    "house": True,
}
_CONFIG: Config = {"max_errors": 1000, "checks": _CHECKS}


# messages.md repeats messages, which are checked where they are made.
_FILES = ["*.md", "*.py", ":!docs/messages.md"]


def find_mistakes(files: Iterable[Path]) -> Iterator[str]:
    """Yield one line for everything that the checks find: the place, the check, what it says."""
    registry = CheckRegistry()
    if not registry.checks:
        registry.register_many((*proselint_checks, *(rule.check() for rule in RULES)))
    for file in files:
        for found in LintFile(str(file), read_prose(file)).lint(_CONFIG):
            result = found.check_result
            message = " ".join(result.message.split())  # it may quote the end of a line
            yield f"{file}:{found.pos[0]}: {result.check_path}: {message}"


def main(arguments: list[str]) -> int:
    """Run the command line; return the exit code."""
    listed = (
        arguments
        or subprocess.check_output(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", *_FILES],
            text=True,
        ).splitlines()
    )
    mistakes = list(find_mistakes(file for name in listed if (file := Path(name)).exists()))
    print(*mistakes or [f"the prose of {len(listed)} files is in order"], sep="\n")
    return bool(mistakes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
