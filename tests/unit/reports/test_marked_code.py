"""Code in the sentences of pages."""

import pytest

from viewfinder_components.reports.marked_code import mark_code


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("run `viewfinder show`", "run <code>viewfinder show</code>"),
        ("`a` and `b`", "<code>a</code> and <code>b</code>"),
        ("no code", "no code"),
        ("a lone ` stays", "a lone ` stays"),
        ("`<b>` & c", "<code>&lt;b&gt;</code> &amp; c"),
        ("a\u202eb", "a\\u202eb"),
    ],
)
def test_code_in_sentences_is_marked(text: str, marked: str) -> None:
    assert mark_code(text) == marked
