"""What a user of the notebook server installs, with the image's scripts on this machine."""

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from tests.fixtures.ports import free_port
from tests.fixtures.waiting import PATIENCE, wait_for
from tests.fixtures.wheels import write_wheel

SERVER = Path(__file__).parents[2] / "notebooks/server"
LIBRARIES = sysconfig.get_path("purelib")
SETTINGS = """
c.ServerApp.ip = "127.0.0.1"
c.ServerApp.port = {port}
c.ServerApp.allow_root = True
c.ServerApp.disable_check_xsrf = True
c.IdentityProvider.token = ""
"""


@dataclass(frozen=True)
class Image:
    """A virtual environment as the image's, and a workspace.

    Attributes:
        prefix: The virtual environment.
        home: The workspace's folder.
    """

    prefix: Path
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a process in the container finds."""
        return {
            "HOME": str(self.home),
            "PATH": os.pathsep.join([str(self.prefix / "bin"), os.environ["PATH"]]),
            "JUPYTER_RUNTIME_DIR": str(self.home.parent / "runtime"),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_INDEX": "1",
        }


@pytest.fixture
def image(tmp_path: Path) -> Image:
    made = Image(tmp_path / "image", tmp_path / "home")
    made.home.mkdir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", made.prefix], check=True)
    (packages,) = made.prefix.glob("lib/python3*/site-packages")
    (packages / "libraries.pth").write_text(LIBRARIES)
    jupyter = made.prefix / "bin/jupyter"
    jupyter.write_text('#!/bin/sh\nshift\nexec python3 -m jupyterlab "$@"  # jupyter lab\n')
    jupyter.chmod(0o755)
    (made.prefix / "share/viewfinder/notebooks").mkdir(parents=True)
    subprocess.run([SERVER / "configure_packages.sh", made.prefix, made.home], check=True)
    return made


@contextmanager
def kernel(image: Image) -> Iterator[Callable[[str], str]]:
    """Start the notebook server and a kernel; yield what runs code in it and returns the output."""
    port = free_port()
    (image.prefix / "etc/jupyter").mkdir(parents=True)
    settings = image.prefix / "etc/jupyter/jupyter_server_config.py"
    settings.write_text(SETTINGS.format(port=port))
    log = image.home / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [SERVER / "start.sh"], cwd=image.home, env=image.environment,
            stdout=output, stderr=output,
        ) as process,
    ):  # fmt: skip
        try:
            name = wait_for(lambda: _start(f"http://127.0.0.1:{port}"), "a kernel", log=log)
            client = BlockingKernelClient()
            client.load_connection_file(str(image.home.parent / f"runtime/kernel-{name}.json"))
            client.start_channels(hb=False)  # which would give up before a slow kernel has started
            client.wait_for_ready(timeout=PATIENCE)
            yield lambda code: _execute(client, code)
            client.stop_channels()
        finally:
            process.terminate()


def _start(url: str) -> str:
    try:
        answer = httpx.post(f"{url}/api/kernels", timeout=PATIENCE)
    except httpx.TransportError:
        return ""
    return str(answer.raise_for_status().json()["id"])


def _execute(client: BlockingKernelClient, code: str) -> str:
    printed: list[str] = []

    def note(message: dict[str, dict[str, object]]) -> None:
        content = message["content"]
        printed.append(str(content.get("text") or content.get("traceback") or ""))

    client.execute_interactive(code, output_hook=note, timeout=PATIENCE)
    return "".join(printed)


def test_a_running_kernel_imports_what_it_has_installed(image: Image, tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, "own_package")
    with kernel(image) as run:
        installed = run(f"%pip install {wheel}")
        where = run("import own_package; print(own_package.__file__)").strip()
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    assert where == f"{image.home}/.packages/{version}/own_package.py", installed


def test_the_images_own_packages_come_first(image: Image, tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, "json")
    python = image.prefix / "bin/python3"
    done = install(python, wheel, image.environment | {"PYTHONPATH": LIBRARIES})
    assert done.returncode == 0, done.stderr
    assert list(image.home.glob(".packages/*/json.py"))
    program = "import json; print(json.loads('[42]'))"
    done = subprocess.run(
        [python, "-c", program], env=image.environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [42]


def test_a_users_own_environment_gets_what_its_pip_installs(image: Image, tmp_path: Path) -> None:
    own = image.home / "own"
    subprocess.run(
        [image.prefix / "bin/python3", "-m", "venv", "--without-pip", own],
        check=True, env=image.environment,
    )  # fmt: skip
    wheel = write_wheel(tmp_path, "own_package")
    done = install(own / "bin/python", wheel, image.environment | {"PYTHONPATH": LIBRARIES})
    assert done.returncode == 0, done.stderr
    assert list(own.glob("lib/python3*/site-packages/own_package.py"))
    assert not (image.home / ".packages").exists()


def install(
    python: Path, wheel: Path, environment: dict[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Install a wheel with a Python's pip."""
    return subprocess.run(
        [python, "-m", "pip", "install", wheel],
        env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
