"""How long a person waits for the command line."""

import sys
import tempfile
from pathlib import Path

from tests.benchmarks.processes import median_seconds


def run() -> None:
    """Print the seconds of --help, of importing the pipelines and of compiling."""
    viewfinder = str(Path(sys.executable).with_name("viewfinder"))
    with tempfile.TemporaryDirectory() as scratch:
        target = str(Path(scratch) / "pipeline.yaml")
        commands = {
            "viewfinder --help": (viewfinder, "--help"),
            "import viewfinder.run": (
                sys.executable,
                "-c",
                "import viewfinder; viewfinder.run",
            ),
            "import the pipeline (with kfp)": (
                *(sys.executable, "-c"),
                "import viewfinder_pipelines.pipeline.training",
            ),
            "viewfinder compile": (viewfinder, "compile", "-o", target),
        }
        for name, command in commands.items():
            print(f"{name:<34}{median_seconds(*command):6.2f} s")
