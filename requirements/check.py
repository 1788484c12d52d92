"""Fail when the pinned requirements no longer satisfy pyproject.toml.

Pins the same inputs again with the present pins as constraints: what changes was out of date.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

FILES = {
    "steps.txt": ["--extra", "steps"],
    "serving.txt": ["--extra", "serving"],
    "dev.txt": ["--all-extras", "--group", "dev"],
}
OPTIONS = ["--quiet", "--python-version", "3.11", "--generate-hashes", "--no-annotate"]


def main() -> int:
    """Compare every requirements file with a fresh one; return the exit code."""
    folder = Path(__file__).parent
    uv = Path(sys.executable).with_name("uv")
    stale = []
    for name, extras in FILES.items():
        with tempfile.TemporaryDirectory() as scratch:
            fresh = Path(scratch) / name
            fresh.write_text((folder / name).read_text())
            command = [uv, "pip", "compile", *OPTIONS, "--no-header", "pyproject.toml", *extras]
            subprocess.run([*command, "-o", fresh], check=True, cwd=folder.parent)
            if fresh.read_text() != (folder / name).read_text():
                stale.append(name)
    if stale:
        print(
            f"expected requirements that satisfy pyproject.toml, received stale {stale}; "
            "run `make requirements`"
        )
        return 1
    print("requirements are up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
