"""docs/messages.md has every message, and docs/troubleshooting.md quotes real ones."""

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from website.messages.collect import Collector, Message
from website.messages.names import CLOSE, OPEN
from website.messages.page import write_page
from website.messages.program import Call, Function, Module, Place, Program, read_callee
from website.messages.topics import TOPICS

DOCS = Path(__file__).parents[2] / "docs"
# Users do not see these: other code catches them, or they tell a contributor what to declare.
INTERNAL = {
    "UnreadableError",  # becomes an Unanswered
    "ArithmeticError", "AttributeError", "IndexError", "KeyError", "LookupError", "ObjectError",
    "RuntimeError", "TypeError", "UnpicklingError", "UnseenError", "ValueError", "_SpoiltError",
    "AnswerTooLargeError", "ClientGoneError", "CompressionError", "OutOfTimeError",
    "HttpParserError", "FileNotFoundError", "NotQuantizedError", "_NoReferenceError",
    "DamagedArraysError",
}  # fmt: skip


@pytest.fixture(scope="module")
def program() -> Program:
    return Program()


@pytest.fixture(scope="module")
def messages(program: Program) -> list[Message]:
    return list(Collector(program).collect())


def test_the_page_is_what_make_messages_writes(messages: list[Message]) -> None:
    written = (DOCS / "messages.md").read_text("utf-8").splitlines()
    collected = write_page(messages).splitlines()
    missing = [line for line in collected if line not in written]
    left = [line for line in written if line not in collected]
    assert (missing, left) == ([], []), "run `make messages`"
    assert written == collected, "run `make messages`"


def test_every_error_has_a_message(program: Program, messages: list[Message]) -> None:
    found = {message.place for message in messages}
    errors = program.find_subclasses("ViewfinderError") - {"ViewfinderError", "SeveralErrors"}
    missing = [
        f"{call.place.module.path}:{call.node.lineno}: {ast.unparse(call.node)[:100]}"
        for name in errors
        for call in program.calls[name]
        if f"{call.place.module.path}:{call.node.lineno}" not in found and not passes_on(call)
    ]
    assert missing == [], "these errors have no fixed words that website/messages can find"
    assert len(found) > 400


def passes_on(call: Call) -> bool:
    """Return whether an error is made of another one's parts, or of a limit's."""
    parts = r"UnansweredError\(|\.expected\b|gate\.limit|__new__|UnseenError|\.format_message\b"
    return bool(re.search(parts, ast.unparse(call.node)))


def test_no_other_class_of_errors_reaches_a_user(program: Program) -> None:
    known = program.find_subclasses("ViewfinderError") | INTERNAL | {"PhotoError", "NoAnswerError"}
    unknown = {
        f"{module.path}: {name}"
        for module in program.modules.values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
        if (name := read_callee(node.exc)).endswith(("Error", "Exception")) and name not in known
    }
    assert unknown == set(), "collect their messages in website/messages/collect.py, or list them"


def test_every_function_that_makes_an_error_is_read(
    program: Program, messages: list[Message]
) -> None:
    found = {message.place for message in messages}
    makers = {function.name for _, function in find_makers(program)}
    unread = [
        f"{module.path}:{node.lineno}: {ast.unparse(node)[:100]}"
        for module, function in find_makers(program)
        for node in ast.walk(function)
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Call)
        if f"{module.path}:{node.value.lineno}" not in found
        if read_callee(node.value) not in makers
        and not passes_on(Call(node.value, Place(module, None)))
    ]
    assert unread == [], "website/messages cannot read these messages"
    assert len(makers) > 40


def find_makers(program: Program) -> Iterator[tuple[Module, Function]]:
    """Yield every function that returns an error of ours."""
    errors = program.find_subclasses("ViewfinderError")
    for module in program.modules.values():
        for function in module.functions.values():
            if function.returns and errors & set(re.findall(r"\w+", ast.unparse(function.returns))):
                yield module, function


def test_every_topic_has_messages() -> None:
    page = (DOCS / "messages.md").read_text("utf-8")
    assert [topic.title for topic in TOPICS if f"\n## {topic.title}\n" not in page] == []


def quoted() -> Iterator[str]:
    """Yield the messages that the page on troubleshooting quotes, a paragraph each."""
    is_quotation = False
    for token in MarkdownIt().parse((DOCS / "troubleshooting.md").read_text("utf-8")):
        if token.type in {"blockquote_open", "blockquote_close"}:
            is_quotation = token.type == "blockquote_open"
        elif is_quotation and token.type == "inline":
            yield "".join(
                f"`{child.content}`" if child.type == "code_inline" else child.content
                for child in token.children or ()
            )


def sentences(messages: list[Message]) -> Iterator[str]:
    """Yield whole messages, with what varies between OPEN and CLOSE."""
    for message in messages:
        parts = message.parts
        yield from parts.get("sentence", parts.get("text", []))
        for expected, remedy in product(parts.get("expected", []), parts.get("remedy", [])):
            yield f"expected {expected}, received {OPEN}value{CLOSE}; {remedy}"


def as_pattern(sentence: str) -> re.Pattern[str] | None:
    """Return a pattern for a sentence; None if its own words are too few to tell it from others."""
    parts = re.split(f"{OPEN}[^{CLOSE}]*{CLOSE}", sentence)
    return re.compile(".*".join(map(re.escape, parts))) if len("".join(parts)) > 50 else None


def test_the_quoted_messages_are_the_programs(messages: list[Message]) -> None:
    known = [one for sentence in sentences(messages) if (one := as_pattern(sentence))]
    unknown = [text for text in quoted() if not any(one.fullmatch(text) for one in known)]
    assert unknown == [], "docs/troubleshooting.md quotes messages that the program does not have"
    assert len(list(quoted())) >= 20
