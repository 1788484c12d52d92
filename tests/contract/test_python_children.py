"""Every Python that we start imports nothing from the working directory."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVERS = ROOT / "components/viewfinder_comparison/servers"
# They have to import what their user writes, and start in a folder that has nothing else.
IN_A_FOLDER_OF_THEIR_OWN = {
    path for path in SERVERS.glob("*/server.py") if path.parent.name != "viewfinder"
}
SOURCES = {
    path
    for folder in ("components", "pipelines", "website")
    for path in (ROOT / folder).rglob("*.py")
}
SCRIPTS = sorted((ROOT / "notebooks/server").glob("*.sh"))


def is_python(node: ast.expr) -> bool:
    """Whether an element of a command names an interpreter."""
    if isinstance(node, ast.Starred):  # its elements are looked at on their own
        return False
    text = ast.unparse(node)
    return text == "sys.executable" or re.search(r"\.program\b(?!\.)", text) is not None


def find_unsafe(source: str) -> Iterator[int]:
    """Yield the lines of commands whose interpreter is not told to leave the directory out."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.List | ast.Tuple):
            for place, element in enumerate(node.elts):
                before = node.elts[place - 1] if place else None
                after = node.elts[place + 1] if place + 1 < len(node.elts) else None
                is_option = isinstance(before, ast.Constant) and before.value == "--python"
                is_safe = isinstance(after, ast.Constant) and after.value == "-P"
                if is_python(element) and not is_option and not is_safe:
                    yield element.lineno


def test_commands_in_the_code() -> None:
    unsafe = {path for path in SOURCES if list(find_unsafe(path.read_text("utf-8")))}
    assert unsafe <= IN_A_FOLDER_OF_THEIR_OWN
    assert unsafe, "the test knows how the servers name their interpreters"


def test_unsafe_commands_are_found() -> None:
    assert list(find_unsafe("run([sys.executable, '-m', 'a'])\nrun([sys.executable, '-P'])")) == [1]
    assert IN_A_FOLDER_OF_THEIR_OWN
    assert "cwd=folder" in (SERVERS / "running.py").read_text("utf-8")


def test_scripts() -> None:
    calls = [
        line
        for script in SCRIPTS
        for line in script.read_text("utf-8").splitlines()
        if re.search(r"python3? -", line)
    ]
    assert calls
    assert [line for line in calls if "python3 -P" not in line] == []


def test_images() -> None:
    """kfp starts the steps as `python3 -m`, in a working directory that a pod can write."""
    stages = re.split(r"^FROM ", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.MULTILINE)
    (runtime,) = [stage for stage in stages if stage.splitlines()[0].endswith(" AS runtime")]
    assert re.search(r"^ +PYTHONSAFEPATH=1 ", runtime, re.MULTILINE)
    reset = [stage.splitlines()[0] for stage in stages if re.search("PYTHONSAFEPATH= ", stage)]
    assert reset == ["steps AS notebook"]
