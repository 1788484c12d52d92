"""Print a release's notes: its section of CHANGELOG.md, and the images.

usage: python release/notes.py VERSION REGISTRY FOLDER, with the folder that `make release-images`
writes.
"""

import argparse
import re
import sys
from pathlib import Path

from pin_images import ROOT, read_image


def read_section(changelog: str, version: str) -> str:
    """Return what the changelog says about a version, without the heading.

    Raises:
        ValueError: It has no such heading.
    """
    heading = rf"^## {re.escape(version)} - \d{{4}}-\d{{2}}-\d{{2}}$\n(.*?)(?=^## |\Z)"
    found = re.search(heading, changelog, re.MULTILINE | re.DOTALL)
    if not found:
        raise ValueError(
            f"expected the heading '## {version} - YYYY-MM-DD' in CHANGELOG.md, received none; "
            "run `make release-check`"
        )
    return found[1].strip()


def main() -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version")
    parser.add_argument("registry")
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    try:
        section = read_section((ROOT / "CHANGELOG.md").read_text("utf-8"), given.version)
        images = [
            read_image(given.registry, given.folder / f"{name}.json")
            for name in ("predictor", "steps", "notebook")
        ]
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(section, "", "### Images", *(f"- `{image}`" for image in images), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
