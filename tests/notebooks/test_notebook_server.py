"""The notebook server's settings, on this machine; tests/cluster runs it as Kubeflow does."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from tests.fixtures.ports import free_port
from tests.fixtures.waiting import PATIENCE, wait_for

SERVER = Path(__file__).parents[2] / "notebooks/server"


@contextmanager
def jupyter(home: Path, **environment: str) -> Iterator[str]:
    """Start JupyterLab with the image's settings; yield its address."""
    (home / "settings/labconfig").mkdir(parents=True)
    shutil.copy(SERVER / "jupyter_server_config.py", home / "settings")
    shutil.copy(SERVER / "page_config.json", home / "settings/labconfig")
    port = free_port()
    command = [sys.executable, "-m", "jupyter", "lab", "--allow-root"]
    command += [f"--ServerApp.port={port}", "--ServerApp.ip=127.0.0.1"]
    own = {
        "HOME": str(home),
        "JUPYTER_CONFIG_PATH": str(home / "settings"),
        "PATH": os.environ["PATH"],
    }
    log = home / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, cwd=home, env=own | environment, stdout=output, stderr=output
        ) as process,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(lambda: process.poll() is not None or _answers(url), "JupyterLab", log=log)
            assert process.poll() is None, log.read_text()
            yield url
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code > 0
    except httpx.TransportError:
        return False


def test_with_kubeflows_prefix_it_asks_for_no_token(tmp_path: Path) -> None:
    with jupyter(tmp_path, NB_PREFIX="/notebook/team/viewfinder") as url:
        assert httpx.get(f"{url}/notebook/team/viewfinder/api/contents").status_code == 200
        assert httpx.get(f"{url}/api/contents").status_code == 404


def test_without_kubeflow_it_asks_for_the_token(tmp_path: Path) -> None:
    with jupyter(tmp_path) as url:
        assert httpx.get(f"{url}/api/contents").status_code == 403


def test_only_pages_of_the_server_start_a_kernel(tmp_path: Path) -> None:
    """With a valid XSRF token, so that it is the origin that decides."""
    with jupyter(tmp_path, NB_PREFIX="/notebook/team/viewfinder") as url:
        kernels = f"{url}/notebook/team/viewfinder/api/kernels"
        with httpx.Client(timeout=PATIENCE) as client:
            client.get(f"{url}/notebook/team/viewfinder/lab").raise_for_status()
            token = {"X-XSRFToken": client.cookies["_xsrf"]}
            refused = client.post(kernels, headers=token | {"Origin": "https://elsewhere.example"})
            assert refused.status_code in (403, 404)
            assert client.get(kernels).json() == []
            assert client.post(kernels, headers=token | {"Origin": url}).status_code == 201
            assert len(client.get(kernels).json()) == 1


def test_a_request_without_the_xsrf_token_starts_no_kernel(tmp_path: Path) -> None:
    with jupyter(tmp_path, NB_PREFIX="/notebook/team/viewfinder") as url:
        kernels = f"{url}/notebook/team/viewfinder/api/kernels"
        assert httpx.post(kernels, headers={"Origin": url}).status_code == 403
        assert httpx.get(kernels).json() == []


def test_it_asks_no_other_server_for_news(tmp_path: Path) -> None:
    with jupyter(tmp_path, NB_PREFIX="/notebook/team/viewfinder") as url:
        page = httpx.get(f"{url}/notebook/team/viewfinder/lab").text
        text = page.partition('id="jupyter-config-data"')[2].partition(">")[2]
        disabled = json.JSONDecoder().raw_decode(text.strip())[0]["disabledExtensions"]
        assert "@jupyterlab/apputils-extension:announcements" in disabled
