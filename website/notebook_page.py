"""A notebook as a page: its text, and its code. Notebooks are saved without outputs."""

import json


def write_notebook(text: str) -> str:
    """Return the Markdown of a notebook, given as JSON (nbformat 4)."""
    return "\n\n".join(_write_cell(cell) for cell in json.loads(text)["cells"])


def _write_cell(cell: dict[str, object]) -> str:
    source = cell["source"]
    text = "".join(source) if isinstance(source, list) else str(source)
    return text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```"
