"""Messages are read from the source as their readers get them."""

from pathlib import Path

import pytest
from website.messages.collect import Collector, Message
from website.messages.page import write_page
from website.messages.program import Program

ERRORS = """
class ViewfinderError(Exception): ...
class PermanentError(ViewfinderError): ...
class TransientError(ViewfinderError): ...
class OwnError(PermanentError): ...
class RefusedError(ViewfinderError): ...
"""


def collect(root: Path, source: str, module: str = "photos/find.py") -> list[Message]:
    """Return the messages of a program of one module."""
    for name, text in (("errors.py", ERRORS), (module, source)):
        path = root / "components" / "viewfinder_components" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return list(Collector(Program(root)).collect())


def read(root: Path, source: str) -> dict[str, list[str]]:
    """Return the parts of a module's only message; what varies is in angle brackets."""
    (message,) = collect(root, source)
    return {
        name: [text.replace("\x01", "<").replace("\x02", ">") for text in texts]
        for name, texts in message.parts.items()
    }


def test_fixed_words_and_what_varies(tmp_path: Path) -> None:
    parts = read(
        tmp_path,
        "def f(path, names):\n"
        "    raise PermanentError(f'a file at {path}', f'{len(names):,} of {names[0]!r}', 'try')\n",
    )
    assert parts == {
        "expected": ["a file at <path>"],
        "received": ["<number> of <names>"],
        "remedy": ["try"],
    }


def test_both_texts_of_a_choice(tmp_path: Path) -> None:
    parts = read(
        tmp_path,
        "def f(path):\n"
        "    remedy = 'correct it'\n"
        "    if path:\n"
        "        remedy += ', or remove it'\n"
        "    raise OwnError('x', 'a folder' if path else 'nothing', remedy)\n",
    )
    assert parts["received"] == ["a folder", "nothing"]
    assert parts["remedy"] == ["correct it", "correct it, or remove it"]


def test_the_last_text_before_the_error(tmp_path: Path) -> None:
    parts = read(
        tmp_path,
        "def f(path):\n"
        "    if path:\n"
        "        what = 'early'\n"
        "        return\n"
        "    what = 'late'\n"
        "    raise PermanentError(what, 'b', 'c')\n"
        "    what = 'after'\n",
    )
    assert parts["expected"] == ["late"]


def test_arguments_of_every_call_and_defaults(tmp_path: Path) -> None:
    parts = read(
        tmp_path,
        "SIZES = ('small', 'large')\n"
        "def f(what: str, how: str = 'whole'):\n"
        "    raise PermanentError(f'a {how} {what}', f\"one of {', '.join(SIZES)}\", 'c')\n"
        "f('folder')\n"
        "f('file', how='half')\n",
    )
    assert set(parts["expected"]) >= {"a whole folder", "a half file"}
    assert parts["received"] == ["one of small, large"]


def test_one_message_for_each_row_of_a_table(tmp_path: Path) -> None:
    messages = collect(
        tmp_path,
        "TABLE = {1: ('space', 'free some'), 2: ('time', 'wait')}\n"
        "def f(number):\n"
        "    expected, remedy = TABLE[number]\n"
        "    raise TransientError(expected, 'none', remedy)\n",
    )
    rows = [(one.parts["expected"], one.parts["remedy"]) for one in messages]
    assert rows == [(["space"], ["free some"]), (["time"], ["wait"])]


def test_an_error_whose_class_depends(tmp_path: Path) -> None:
    parts = read(
        tmp_path,
        "def f(gone):\n"
        "    kind = PermanentError if gone else TransientError\n"
        "    return kind('the image', 'none', 'push it')\n",
    )
    assert parts["expected"] == ["the image"]


def test_what_is_passed_on_is_no_message(tmp_path: Path) -> None:
    source = "def f(error):\n    raise PermanentError(error.expected, 'x', error.remedy)\n"
    assert collect(tmp_path, source) == []


def test_a_warning_with_its_values(tmp_path: Path) -> None:
    parts = read(tmp_path, "def f(path):\n    _log.warning('%s is damaged: %d', path, 3)\n")
    assert parts == {"sentence": ["<path> is damaged: 3"]}


def test_what_a_command_prints_around_another_message(tmp_path: Path) -> None:
    source = "say(f'Error: {error}', err=True)\nsay('None was answered.', err=True)\n"
    assert read(tmp_path, source) == {"sentence": ["None was answered."]}


def test_the_page(tmp_path: Path) -> None:
    source = (
        "def f(path):\n"
        "    raise PermanentError(f'a [{path}]', 'x|y', f'run `show {path}`')\n"
        "def g(size):\n"
        "    raise PhotoError('too_large', f'it has {size}')\n"
    )
    page = write_page(collect(tmp_path, source))
    assert "\n## Photos, folders and labels\n" in page
    assert "\n| a \\[*path*\\] | x\\|y | run `show PATH` |\n" in page
    assert "\n| too_large | it has *size* |\n" in page


def test_a_refusal_has_its_status(tmp_path: Path) -> None:
    source = "raise RefusedError('a', 'b', 'c', status=413)\nraise RefusedError('d', 'e', 'f')\n"
    page = write_page(collect(tmp_path, source))
    assert "\n| 413 | a | b | c |\n| 400 | d | e | f |\n" in page


def test_a_module_without_a_topic(tmp_path: Path) -> None:
    messages = collect(tmp_path, "raise PermanentError('a', 'b', 'c')\n", "unknown/new.py")
    with pytest.raises(LookupError, match=r"viewfinder_components\.unknown\.new, received none"):
        write_page(messages)
