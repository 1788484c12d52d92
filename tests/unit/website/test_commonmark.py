"""Lists and code mean the same to the site's parser as to the repository's."""

import pytest
from markdown import markdown
from website.commonmark import adapt


@pytest.mark.parametrize(
    ("page", "html"),
    [
        ("Text:\n- a\n- b", "<p>Text:</p><ul><li>a</li><li>b</li></ul>"),
        ("- a\n  - b\n- c", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"),
        (
            "1. a\n\n       code\n\n   b\n2. c",
            "<ol><li><p>a</p><pre><code>code</code></pre><p>b</p></li><li><p>c</p></li></ol>",
        ),
        ("Text:\n\n    one\n\n    two\n", "<p>Text:</p><pre><code>one\n\ntwo</code></pre>"),
        ("| a |\n|---|\n| b |", "<table>"),
    ],
)
def test_lists_and_code(page: str, html: str) -> None:
    extensions = ["tables", "pymdownx.superfences"]
    settings = {"pymdownx.superfences": {"disable_indented_code_blocks": True}}
    shown = markdown(adapt(page), extensions=extensions, extension_configs=settings)
    for found, plain in (
        (' class="highlight"', ""),
        ("<div>", ""),
        ("</div>", ""),
        ("<span></span>", ""),
        (">\n", ">"),
        ("\n<", "<"),
    ):
        shown = shown.replace(found, plain)
    assert html in shown
