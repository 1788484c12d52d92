"""Writes docs/messages.md: tables of messages, by what the reader was doing."""

import re
from collections.abc import Iterable, Sequence

from website.messages.collect import Kind, Message
from website.messages.names import CLOSE, OPEN, has_words
from website.messages.topics import REQUESTS, TOPICS, Topic, find_topic

_INTRODUCTION = """\
# Every message

This page has every message that Viewfinder can print, by what you were doing. \
[Troubleshooting](troubleshooting.md) explains the most frequent ones. To find yours, search this \
page for a few words of it that are not a name, a number or a path of your own: what varies is in \
*italics* here. `make messages` writes this page.

Most messages are one sentence: "expected ..., received ...; ...". The tables have its three parts \
in this order, and the third is what to do next. Where a part can have several texts, they are \
listed. Messages name a parameter as Python does (`model_root`); in a command, they name \
its option (`--model-root`).
"""
_SENTENCE = ("sentence",)
_COLUMNS: dict[Kind, tuple[str, tuple[str, ...]]] = {
    "error": ("| expected | received | what to do |", ("expected", "received", "remedy")),
    "refusal": (
        "| status | expected | received | what to do |",
        ("status", "expected", "received", "remedy"),
    ),
    "finding": ("| examined | finding | what to do |", ("name", "text", "remedy")),
    "photo": ("| kind | reason |", ("kind", "sentence")),
    "sentence": ("| sentence |", _SENTENCE),
    "warning": ("| warning |", _SENTENCE),
}
_LEADS: dict[Kind, str] = {
    "photo": "Why a file is not used, as in `index.parquet`, the report and the predictor's "
    "answers. One such file does not fail a run:",
    "warning": "Warnings, after which the command goes on:",
}
_SPECIAL = re.compile(r"([\\*|<>\[\]])")
_NAMED = re.compile(f"{OPEN}([^{CLOSE}]*){CLOSE}")
_CODE = re.compile(r"(`[^`]*`)")


def write_page(messages: Iterable[Message]) -> str:
    """Return docs/messages.md.

    Raises:
        LookupError: No topic is known for a module that makes messages.
    """
    by_topic: dict[Topic, list[Message]] = {topic: [] for topic in TOPICS}
    for message in messages:
        by_topic[_choose_topic(message)].append(message)
    sections = [_write_section(*section) for section in by_topic.items() if section[1]]
    return "\n".join([_INTRODUCTION, *sections])


def _choose_topic(message: Message) -> Topic:
    is_answer = message.module.startswith("viewfinder_serving")
    if message.kind in {"refusal", "sentence"} and is_answer:
        return REQUESTS
    return find_topic(message.module)


def _write_section(topic: Topic, messages: Sequence[Message]) -> str:
    lines = [f"## {topic.title}", topic.introduction, ""]
    for kind, (heading, columns) in _COLUMNS.items():
        rows = [
            _write_row(message, columns)
            for message in messages
            if message.kind == kind and _is_news(message)
        ]
        if rows:
            lines += [_LEADS[kind], ""] if kind in _LEADS else []
            lines += [heading, "|---" * len(columns) + "|", *dict.fromkeys(rows), ""]
    return "\n".join(lines)


def _is_news(message: Message) -> bool:
    """Return whether somebody has to know: not that all is well."""
    state = message.parts.get("state", [""])[0]
    passed = message.parts.get("passed", [""])
    return f"{OPEN}ok{CLOSE}" not in state and passed != ["True"]


def _write_row(message: Message, columns: Sequence[str]) -> str:
    parts = {"status": ["400"], **message.parts}
    return f"| {' | '.join(_write_cell(parts.get(name, [])) for name in columns)} |"


def _write_cell(texts: Sequence[str]) -> str:
    """Return texts as lines of a cell; of those without words, the first stands for all."""
    named = [text for text in texts if text and not has_words(text) and OPEN in text]
    kept = [text for text in texts if text and (text not in named[1:])]
    mark = "• " if len(kept) > 1 else ""
    return "<br>".join(mark + _escape(text) for text in kept)


def _escape(text: str) -> str:
    """Return a text as Markdown, with what varies in italics and code as it is."""
    parts = _CODE.split(" ".join(text.split()))
    parts[::2] = [_SPECIAL.sub(r"\\\1", part) for part in parts[::2]]
    parts[1::2] = [
        _NAMED.sub(lambda found: found[1].upper().replace(" ", "_"), part) for part in parts[1::2]
    ]
    return (
        "".join(parts)
        .replace(CLOSE + OPEN, f"{CLOSE} {OPEN}")
        .replace(OPEN, "*")
        .replace(CLOSE, "*")
    )
