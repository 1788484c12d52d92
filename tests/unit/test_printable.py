"""Texts from elsewhere do not control a terminal, reverse letters or hide some."""

import json
import logging

import pytest

from viewfinder_components.errors import PermanentError, TransientError
from viewfinder_components.failures import describe_exception
from viewfinder_components.printable import (
    PrintableFormatter,
    make_json_printable,
    make_printable,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("gpj.\u202egnp", r"gpj.\u202egnp"),
        ("a\u200bb\ufeff\u2028\xad\u2066", r"a\u200bb\ufeff\u2028\xad\u2066"),
        ("caf\udce9 \ud83d", r"caf\xe9 \ud83d"),
        ("line\nbreak\ttab\r", r"line\nbreak\ttab\r"),
    ],
)
def test_what_cannot_be_read_is_escaped(text: str, shown: str) -> None:
    assert make_printable(text) == shown


@pytest.mark.parametrize(
    "text", ["\u00e9 e\u0301 \u00a0 50\u202f%", "क्\u200dष", "👩\u200d🔬", "Äpfel [b]", "猫"]
)
def test_the_letters_of_all_scripts_stay(text: str) -> None:
    assert make_printable(text) == text


def test_line_breaks_of_the_writer_stay() -> None:
    assert make_printable("2 problems:\n-\ta\r\x1b", lines=True) == "2 problems:\n-\ta\\r\\x1b"


def test_json_means_the_same_afterwards() -> None:
    value = {"a\u202e": ["\x7f\x9b", "caf\udce9", "\n\t", "猫"]}
    document = make_json_printable(json.dumps(value, ensure_ascii=False, indent=1))
    assert json.loads(document) == value
    assert "猫" in document
    assert make_printable(document, lines=True) == document


def test_a_log_line() -> None:
    record = logging.LogRecord("a", logging.INFO, "", 0, "%s left", ("\x1b[2J",), None)
    assert PrintableFormatter("%(message)s").format(record) == r"\x1b[2J left"


@pytest.mark.parametrize("kind", [PermanentError, TransientError])
def test_the_sentence_of_an_error(kind: type[PermanentError]) -> None:
    error = kind("a label", "'\x1b[31m\u202e'", "rename it")
    assert str(error) == r"expected a label, received '\x1b[31m\u202e'; rename it"
    failure = describe_exception(error)
    assert failure.message == str(error)
    assert type(failure).from_json(failure.to_json()) == failure
