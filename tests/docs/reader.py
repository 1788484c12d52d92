"""A reader who types what the pages say, in a folder with some photos."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from tests.docs.blocks import Block, find_executed
from tests.fixtures.ports import free_port
from tests.fixtures.waiting import wait_for

PROGRAMS = Path(sys.executable).parent
PORT = "127.0.0.1:8080"  # the predictor's in the pages
_SERVE = re.compile(r"^(\S*viewfinder serve .*)$", re.MULTILINE)
_RUN = re.compile(r"^(\S*viewfinder run --data .*)$", re.MULTILINE)
_SETTINGS = {
    "epochs": 20,
    # Of few photos, the usual share may be too small to judge a model.
    "test_fraction": 0.3,
    # A busy machine must not fail a run: its speed is not the matter.
    "max_p50_ms": 60000,
    "max_p99_ms": 60000,
}
"""What every run is given, so that it takes little time and publishes its model."""

_PATIENT = " ".join([r"\1", *(f"--set {name}={value}" for name, value in _SETTINGS.items())])
_PRELUDE = f"""\
import viewfinder
_run = viewfinder.run
def run(*given, **named):
    settings = {{}} if "pipeline" in named else {_SETTINGS}
    return _run(*given, **{{**settings, **named}})
viewfinder.run = run
"""


_SECONDS = 900
"""How long a command may take."""


def _end_group(process: subprocess.Popen[Any]) -> None:
    """End a process and those that it started: a run ends its steps if it is asked to."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class Reader:
    """Executes blocks of pages in a folder.

    Args:
        folder: Where the commands are typed; runs and models are kept in it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()

    def read_page(self, page: Path) -> str:
        """Execute the commands of a page in order, then its Python code as one script.

        Returns:
            What they printed.

        Raises:
            AssertionError: A block failed; the message has its place and its output.
        """
        with ExitStack() as servers:
            said = [self._type(block, servers) for block in find_executed(page, "shell")]
            return "".join([*said, self._execute(find_executed(page, "python"))])

    def _type(self, block: Block, servers: ExitStack) -> str:
        """Type a block's commands; a predictor that one of them starts stays in the background."""
        text = _RUN.sub(_PATIENT, block.text).replace(PORT, f"127.0.0.1:{self.port}")
        said = ""
        for part in _SERVE.split(text):
            if _SERVE.match(part):
                servers.enter_context(self.serving(part))
            elif part.strip():
                said += self._call(["bash", "-euo", "pipefail", "-c", part], str(block))
        return said

    def _execute(self, blocks: list[Block]) -> str:
        """Execute blocks of Python, whose tracebacks have the lines of the page."""
        if not blocks:
            return ""
        script = self.folder / "script.py"
        script.write_text("\n".join([_PRELUDE, *map(_as_statement, blocks)]), "utf-8")
        return self._call([sys.executable, str(script)], str(blocks[0]))

    def _call(self, command: list[str], place: str) -> str:
        # A group of its own: what a command has started must not outlive it.
        with subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            try:
                out, error = process.communicate(timeout=_SECONDS)
            except BaseException:  # also pytest's own time limit
                _end_group(process)
                raise
        assert process.returncode == 0, f"{place}: {out}{error}"
        return out

    @contextmanager
    def serving(self, command: str) -> Iterator[None]:
        """Have a predictor in the background while the block runs, started as the page says."""
        log = self.folder / "serve.log"
        with log.open("w") as output:
            server = subprocess.Popen(
                ["bash", "-c", f"exec {command} --port {self.port}"],
                cwd=self.folder, env=self.environment, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip
        try:
            wait_for(self._is_ready, "the predictor to be ready", log=log)
            yield
        finally:
            _end_group(server)

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/v2/health/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, ConnectionError, TimeoutError):
            return False

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the reader's terminal."""
        path = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
        kept = {name: value for name, value in os.environ.items() if name != "VIEWFINDER_HOME"}
        return {**kept, "PATH": path, "MPLBACKEND": "agg"}


def _as_statement(block: Block) -> str:
    text = "\n" * (block.line - 1) + block.text
    return f"exec(compile({text!r}, {str(block.page)!r}, 'exec'))"
