"""A mistake in a command is reported before anything is imported that only the work needs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = "kfp kubernetes matplotlib numpy openvino pandas pyarrow tensorflow"
CALL = f"""
import sys
from viewfinder.cli.main import main
try:
    main({{arguments}})
finally:
    print(*sorted(set({HEAVY.split()}) & sys.modules.keys()))
"""


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ("run --data /nothing/here", 1, "/nothing/here"),
        ("run --data /nothing/here --set epochz=3", 2, "epochz"),
        ("run --data . --set epochs=0", 2, "epochs"),
        ("run --resume unknown", 1, "unknown"),
        ("show unknown", 1, "unknown"),
        ("predict --data /nothing/here --output a.parquet --model-version x", 1, "/nothing/here"),
        ("predict a.jpg --endpoint nowhere", 2, "nowhere"),
        ("serve unknown", 1, "unknown"),
        ("deploy fruit --set epochz=3", 2, "epochz"),
        ("submit --data x --set epochz=3", 2, "epochz"),
        ("compile --pipeline unknown", 2, "unknown"),
        ("parameters epochz", 2, "epochz"),
    ],
)
def test_a_mistake_is_refused_before_heavy_imports(
    arguments: str, code: int, told: str, tmp_path: Path
) -> None:
    surroundings = {**os.environ, "VIEWFINDER_HOME": str(tmp_path)}
    command = [sys.executable, "-c", CALL.format(arguments=arguments.split())]
    done = subprocess.run(
        command, env=surroundings, capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == code, done.stderr
    assert told in done.stderr
    assert done.stdout.splitlines()[-1] == ""
