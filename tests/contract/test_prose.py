"""The prose linter finds what is planted, on its line, and leaves code alone."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.prose.__main__ import find_mistakes
from tests.prose.house_rules import RULES

ROOT = Path(__file__).parents[2]

PLANTED = {
    "book": "These are the settings of the book.",
    "caller": "The log says who asks.",
    "errand": "Every command has an errand.",
    "foreign": "Do not delete a foreign bucket.",
    "no": "The endpoint is something that is no URL.",
    "right": "Ask whether all is right.",
    "sure": "These are the mistakes of which the model was surest.",
    "told": "A wrong file is told before the run begins.",
    "value": "Set the number to such a value.",
    "way": "It goes the whole way to a served model.",
    "well": "Try again when it is well.",
    "what": "See what it takes for what.",
    "work": "There are 64 photos in work.",
}


def find(folder: Path, name: str, text: str) -> list[str]:
    """Return the place and the check of everything found in a file with this text."""
    (file := folder / name).write_text(text, encoding="utf-8")
    return [": ".join(line[len(str(file)) + 1 :].split(": ")[:2]) for line in find_mistakes([file])]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_house_rule_finds_its_phrase(tmp_path: Path, rule) -> None:
    assert find(tmp_path, "a.md", f"# Title\n{PLANTED[rule.name]}\n") == [f"2: house.{rule.name}"]


def test_every_place_of_prose_is_read(tmp_path: Path) -> None:
    table = "| a | b |\n|---|---|\n| `x` | who asks |\n"
    assert find(tmp_path, "a.md", f"- An errand,\n  the whole\n  way.\n\n{table}") == [
        *("1: house.errand", "2: house.way", "7: house.caller"),
    ]
    comment = "# The whole\n# way.\n"
    code = f'"""An errand.\n\nArgs:\n    a: Who asks.\n"""\n{comment}b = f"{{a}} is a foreign b"\n'
    assert find(tmp_path, "a.py", code) == [
        *("1: house.errand", "4: house.caller", "6: house.way", "8: house.foreign"),
    ]


def test_line_ends_within_a_message_are_none_of_the_file(tmp_path: Path) -> None:
    code = r'x = "one b\n\n\n\n an errand"' + "\n"
    assert find(tmp_path, "a.py", code) == ["1: house.errand"]


def test_a_word_twice_is_found_across_lines(tmp_path: Path) -> None:
    assert find(tmp_path, "a.md", "This is the\nthe end.\n") == ["1: lexical_illusions"]


def test_code_is_no_prose(tmp_path: Path) -> None:
    markdown = "A `errand`, the `--who asks` the.\n\n    an errand\n\n```\nan errand\n```\n"
    assert find(tmp_path, "a.md", markdown) == []
    assert find(tmp_path, "a.py", "errand = 1\nthe_errand = {'errand': errand}\n") == []


def test_the_exit_code_tells(tmp_path: Path) -> None:
    (file := tmp_path / "a.md").write_text("Run the errand.\n")
    command = [sys.executable, "-m", "tests.prose", file]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (1, "")
    assert found.stdout == (
        f"{file}:1: house.errand: expected 'task', 'request' or 'command', which say what is done, "
        "received 'errand'\n"
    )
    file.write_text("Run the command.\n")
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
