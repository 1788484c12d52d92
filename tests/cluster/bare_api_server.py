"""A Kubernetes API server with nothing behind it and no KServe, beside the cluster."""

import contextlib
import json
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from tests.fixtures.ports import free_port
from tests.fixtures.waiting import wait_for
from tests.testbed.certificates import signing_key, write_key


@contextmanager
def bare_api_server(etcd: Path, api_server: Path, folder: Path) -> Iterator[Path]:
    """Run an API server and its store on loopback; yield an administrator's kubeconfig.

    Args:
        etcd: The program.
        api_server: The program `kube-apiserver`.
        folder: For everything they write.
    """
    token, port, store = secrets.token_hex(16), free_port(), f"http://127.0.0.1:{free_port()}"
    private, public = signing_key()
    write_key(folder / "accounts.key", private)
    (folder / "accounts.pub").write_bytes(public)
    (folder / "tokens.csv").write_text(f"{token},admin,1,system:masters\n")
    peer = f"http://127.0.0.1:{free_port()}"
    with (
        running(
            [str(etcd), f"--data-dir={folder / 'etcd'}", f"--listen-client-urls={store}",
             f"--advertise-client-urls={store}", f"--listen-peer-urls={peer}",
             f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=default={peer}"],
            folder / "etcd.log",
        ),
        running(
            [str(api_server), f"--etcd-servers={store}", f"--secure-port={port}",
             "--bind-address=127.0.0.1", f"--cert-dir={folder}",
             f"--token-auth-file={folder / 'tokens.csv'}", "--authorization-mode=RBAC",
             "--service-account-issuer=https://kubernetes.default.svc",
             f"--service-account-signing-key-file={folder / 'accounts.key'}",
             f"--service-account-key-file={folder / 'accounts.pub'}"],
            folder / "api-server.log",
        ),
    ):  # fmt: skip
        url = f"https://127.0.0.1:{port}"
        _wait_until_ready(url, token)
        kubeconfig = folder / "bare-kubeconfig"
        kubeconfig.write_text(json.dumps(_kubeconfig(url, token)))
        yield kubeconfig


@contextmanager
def running(command: list[str], log: Path) -> Iterator[None]:
    """Run a program for as long as the context lasts, with its output in a file."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            yield
        finally:
            process.kill()
            process.wait()


def _wait_until_ready(url: str, token: str) -> None:
    headers = {"authorization": f"Bearer {token}"}
    # The certificate is the server's own, made a moment ago.
    with httpx.Client(base_url=url, headers=headers, verify=False, trust_env=False) as client:  # noqa: S501

        def is_ready() -> bool:
            with contextlib.suppress(httpx.TransportError):
                return client.get("/readyz").is_success
            return False

        wait_for(is_ready, "the API server to be ready")


def _kubeconfig(url: str, token: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "bare", "cluster": {"server": url, "insecure-skip-tls-verify": True}}
        ],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": "bare", "context": {"cluster": "bare", "user": "admin"}}],
        "current-context": "bare",
    }
