"""`.github/CODEOWNERS`: every line has an effect, and every file has an owner."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = subprocess.run(
    ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
).stdout.splitlines()
RULES = [
    line.split()
    for line in (ROOT / ".github" / "CODEOWNERS").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]
OWNER = re.compile(r"@[A-Za-z0-9-]+(/[A-Za-z0-9-]+)?")


def matches(pattern: str, file: str) -> bool:
    """As GitHub does, for the patterns that are allowed here: `*`, `/FOLDER/` and `/FILE`."""
    if pattern == "*":
        return True
    if pattern.endswith("/"):
        return f"/{file}".startswith(pattern)
    return f"/{file}" == pattern


def test_every_pattern_matches_a_file_and_is_one_that_the_test_knows() -> None:
    patterns = [pattern for pattern, *_ in RULES]
    assert [one for one in patterns if not re.fullmatch(r"\*|/[\w.-]+(/[\w.-]+)*/?", one)] == []
    assert [one for one in patterns if not any(matches(one, file) for file in FILES)] == []


def test_no_rule_hides_one_above_it() -> None:
    """The last pattern that matches a file decides."""
    patterns = [pattern for pattern, *_ in RULES]
    decided = {
        next(one for one in reversed(patterns) if matches(one, file)) for file in FILES
    }  # fmt: skip
    assert decided == set(patterns)


def test_every_rule_names_its_owners() -> None:
    assert [owners for _, *owners in RULES if not owners] == []
    assert [one for _, *owners in RULES for one in owners if not OWNER.fullmatch(one)] == []
