"""Pages for what is linked and is not a page itself: source files, and folders without a README."""

from pathlib import Path, PurePosixPath

# Search finds documentation, not the text of these files.
_NOT_SEARCHED = "---\nsearch:\n  exclude: true\n---\n"
_LANGUAGES = {".pyi": "python", ".py": "python", ".yml": "yaml", "": "text"}


def write_source(path: PurePosixPath, root: Path) -> str:
    """Return a page that shows the text of a file."""
    language = _LANGUAGES.get(path.suffix, path.suffix.lstrip("."))
    text = (root / path).read_text("utf-8").rstrip()
    return f"{_NOT_SEARCHED}# {path.name}\n\n`{path}`\n\n```{language}\n{text}\n```\n"
