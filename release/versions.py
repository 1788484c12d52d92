"""Check that every file names one version, or set it: `python release/versions.py 0.2.0 [--set]`.

The check also finds what else keeps a checkout from being released.

--set leaves the heading in CHANGELOG.md to a person, who also knows the date.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
_VERSION = re.compile(r"\d+\.\d+\.\d+(rc\d+)?")
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_RELEASED = re.compile(r"(?P<version>\S+) - \d{4}-\d{2}-\d{2}")
_OWNERS = Path(".github/CODEOWNERS")
_PINS = Path("components/viewfinder_components/published_images.py")


@dataclass(frozen=True)
class Place:
    """Where the version is written.

    Attributes:
        files: A glob pattern, relative to the root.
        pattern: What the version in these files is found by, as the group `version`.
        is_required: Whether a file without the version is a mistake.
    """

    files: str
    pattern: str
    is_required: bool = False


_NUMBER = r"(?P<version>\d[\w.+-]*\w|\d)"  # a full stop after it ends the sentence
_NAMED = rf"viewfinder/(?:predictor|steps|notebook):{_NUMBER}"
_TAG = rf"\?ref=v{_NUMBER}"
_ARGUMENT = rf"\b(?:TAG|newTag)(?: \?=|=|:) ?{_NUMBER}"
_FOLDER = rf"\bviewfinder-{_NUMBER}"  # where the notebook server has the notebooks
PLACES = (
    Place("pyproject.toml", r'^version = "(?P<version>[^"]*)"$', is_required=True),
    Place("Makefile", _ARGUMENT, is_required=True),
    Place("Dockerfile", _NAMED),
    Place("manifests/base/servingruntime-predictor.yaml", _NAMED, is_required=True),
    Place("manifests/**/*.yaml", _NAMED),
    Place("tests/contract/golden/*.yaml", _NAMED, is_required=True),
    Place("tests/unit/pipelines/settings/test_file.py", _NAMED),
    *(
        Place(files, pattern)
        for files in ("README.md", "docs/**/*.md", "docs/viewfinder.toml", "manifests/**/*.md")
        for pattern in (_NAMED, _ARGUMENT, _TAG, _FOLDER)
    ),
)


def find_disagreements(root: Path, version: str) -> Iterator[str]:
    """Yield one line for everything that contradicts the version, with its file and line."""
    for place in PLACES:
        for path in sorted(root.glob(place.files)):
            text = path.read_text(encoding="utf-8")
            found = list(re.finditer(place.pattern, text, re.MULTILINE))
            name = path.relative_to(root)
            if place.is_required and not found:
                yield f"{name}: expected the version {version}, received none"
            for match in found:
                if match["version"] != version:
                    line = text.count("\n", 0, match.start()) + 1
                    yield f"{name}:{line}: expected {version}, received {match['version']}"
    yield from _judge_changelog((root / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    owners = (root / _OWNERS).read_text(encoding="utf-8")
    if re.search(r"@OWNER\b", owners):
        yield f"{_OWNERS}: expected who reviews changes, received the placeholder OWNER; replace it"
    if re.search(r'= "[^"]', (root / _PINS).read_text(encoding="utf-8")):
        yield f"{_PINS}: expected no images, which only the release adds, received some"


def _judge_changelog(text: str, version: str) -> Iterator[str]:
    headings = _HEADING.findall(text)
    newest = headings[0] if headings else "none"
    released = _RELEASED.fullmatch(newest)
    if not released or released["version"] != version:
        yield (
            f"CHANGELOG.md: expected the first heading '## {version} - YYYY-MM-DD', received "
            f"'## {newest}'"
        )


def set_version(root: Path, version: str) -> None:
    """Write the version wherever it is named, except for the changelog."""
    for place in PLACES:
        for path in sorted(root.glob(place.files)):
            text = path.read_text(encoding="utf-8")
            changed = re.sub(
                place.pattern,
                lambda match: match[0].replace(match["version"], version),
                text,
                flags=re.MULTILINE,
            )
            if changed != text:
                path.write_text(changed, encoding="utf-8")


def main() -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version")
    parser.add_argument("--set", action="store_true", help="write it instead of checking")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout")
    given = parser.parse_args()
    if not _VERSION.fullmatch(given.version):
        print(
            f"expected a version such as 0.2.0 or 0.2.0rc1, received '{given.version}'; a tag is "
            "the letter v and the version"
        )
        return 2
    if given.set:
        set_version(given.root, given.version)
        return 0
    found = list(dict.fromkeys(find_disagreements(given.root, given.version)))
    print(*found or [f"every file names version {given.version}"], sep="\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
