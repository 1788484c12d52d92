"""Pin every requirement with its hashes, or check with --check whether the pins are out of date.

Without --upgrade, the current pins are kept wherever they satisfy pyproject.toml.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent
EXCLUDES = FOLDER / "serving-excludes.txt"
CLIENT_EXCLUDES = FOLDER / "client-excludes.txt"
NOTEBOOK_EXTRAS = ("steps", "serving", "demo", "notebooks", "notebook-server")
FILES: dict[str, list[str]] = {
    "serving.txt": ["pyproject.toml", "--extra", "serving", "--excludes", str(EXCLUDES)],
    # kserve allows only old releases of some packages, and in the notebook image and on a laptop it
    # is installed beside the steps.
    "steps.txt": [
        *("pyproject.toml", "--extra", "steps"),
        *("--constraint", str(FOLDER / "serving.txt")),
    ],
    "client.txt": [
        *("pyproject.toml", "--extra", "client", "--excludes", str(CLIENT_EXCLUDES)),
        *("--constraint", str(FOLDER / "steps.txt")),
    ],
    # The image is built on the one of the steps, so both have the same versions.
    "notebook.txt": [
        "pyproject.toml",
        *(text for extra in NOTEBOOK_EXTRAS for text in ("--extra", extra)),
        *("--constraint", str(FOLDER / "steps.txt")),
    ],
    "build.txt": ["--group", "build"],
    "dev.txt": ["pyproject.toml", "--all-extras", "--group", "dev"],
}
# The environments of the servers that `viewfinder compare` measures.
SERVERS = FOLDER.parent / "components" / "viewfinder_comparison" / "servers"
FILES |= {
    os.path.relpath(source.with_suffix(".txt"), FOLDER): [str(source)]
    for source in sorted(SERVERS.glob("*/requirements.in"))
}
# PyTriton has no release for Python 3.13, and the NumPy that it needs has none either: this file is
# for Python 3.11 and 3.12 on Linux, with the glibc of Debian 12 or Ubuntu 22.04.
TRITON = os.path.relpath(SERVERS / "triton" / "requirements.txt", FOLDER)
FILES[TRITON] += ["--no-universal", "--python-platform", "x86_64-manylinux_2_35"]
# One file for all Pythons that pyproject.toml allows, with one version of each package if possible.
OPTIONS = [
    *("--quiet", "--universal", "--fork-strategy", "fewest", "--python-version", "3.11"),
    *("--generate-hashes", "--no-annotate"),
]


def pin(name: str, output: Path, *more: str) -> None:
    """Write one requirements file; the pins that `output` already has are preferred."""
    uv = Path(sys.executable).with_name("uv")
    command = [uv, "pip", "compile", *OPTIONS, "--no-header", *FILES[name], *more, "-o", output]
    subprocess.run(command, check=True, cwd=FOLDER.parent)


def find_stale() -> list[str]:
    """Return the files that pinning again would change."""
    stale = []
    for name in FILES:
        with tempfile.TemporaryDirectory() as scratch:
            fresh = Path(scratch) / Path(name).name
            fresh.write_text((FOLDER / name).read_text())
            pin(name, fresh)
            if fresh.read_text() != (FOLDER / name).read_text():
                stale.append(name)
    return stale


def main() -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, fail when stale")
    parser.add_argument("--upgrade", action="store_true", help="take the newest releases")
    given = parser.parse_args()
    if not given.check:
        for name in FILES:
            pin(name, FOLDER / name, *(["--upgrade"] if given.upgrade else []))
        return 0
    if stale := find_stale():
        print(
            f"expected requirements that satisfy pyproject.toml, received stale {stale}; "
            "run `make requirements`"
        )
        return 1
    print("requirements are up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
