"""CommonMark, in which the pages are written, for the parser of the site, Python-Markdown.

In CommonMark, the text of a list item is indented as far as its first word. Python-Markdown expects
four spaces, a blank line before a list, and one between items if one has several paragraphs.
"""

import re

from markdown_it import MarkdownIt

_MARKER = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+")
_INDENT = " " * 4


def adapt(text: str) -> str:
    """Return the same page with lists indented by four spaces, and indented code in fences."""
    lines = text.split("\n")
    removed = [0] * len(lines)  # the indentation by the lists that a line is in
    added = [0] * len(lines)  # how many lists that is
    above: dict[int, str] = {}  # lines to insert
    below: dict[int, str] = {}
    loose = False  # whether blank lines are in the list
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        first, end = token.map or (0, 0)
        if token.type in {"bullet_list_open", "ordered_list_open"}:
            loose = any(not line.strip() for line in lines[first : end - 1])
            if not added[first]:
                above[first] = ""
        elif token.type == "list_item_open":
            if loose:
                above[first] = ""
            marker = _MARKER.match(lines[first], removed[first])
            width = marker.end() - marker.start() if marker else 0
            for number in range(first + 1, end):
                removed[number] += width
                added[number] += 1
        elif token.type == "code_block":
            last = max(number for number in range(first, end) if lines[number].strip())
            above[first] = below[last] = "```"
            for number in range(first, last + 1):
                removed[number] += len(_INDENT)
    adapted = []
    for number, line in enumerate(lines):
        indent = _INDENT * added[number]
        adapted += [f"{indent}{above[number]}".rstrip()] if number in above else []
        adapted.append(f"{indent}{line[removed[number] :]}".rstrip())
        adapted += [f"{indent}{below[number]}"] if number in below else []
    return "\n".join(adapted)
