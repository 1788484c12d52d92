"""Connections to object stores are made once, for all threads, and can be forgotten."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from tests.fixtures.waiting import PATIENCE

from viewfinder_components.storage import clients, s3_client
from viewfinder_components.storage.clients import open_client
from viewfinder_components.storage.location import Location

_BUCKET = Location.parse("s3://bucket")


@pytest.fixture
def lead_to(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Lead new connections to this port; no request is sent."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    clients.forget_connections()
    yield lambda port: monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    clients.forget_connections()


def address() -> str:
    client: Any = open_client(_BUCKET)
    found: str = client._api.meta.endpoint_url
    return found


def test_many_threads_share_one_connection(lead_to: Callable[[int], None]) -> None:
    lead_to(9)
    together = threading.Barrier(16)

    def connection() -> Any:
        together.wait()
        client: Any = open_client(_BUCKET)
        return client._api

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: connection(), range(16)))
    assert len({id(one) for one in found}) == 1


def test_what_was_being_connected_is_forgotten_too(
    lead_to: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that has read the environment already does not bring the old address back."""
    connect, started, may_end = s3_client.connect, threading.Event(), threading.Event()

    def connect_slowly() -> Any:
        connection = connect()
        started.set()
        assert may_end.wait(PATIENCE)
        return connection

    monkeypatch.setattr(s3_client, "connect", connect_slowly)
    lead_to(9)
    with ThreadPoolExecutor(2) as pool:
        old = pool.submit(address)
        assert started.wait(PATIENCE)
        forgotten = pool.submit(clients.forget_connections)
        lead_to(10)
        with suppress(TimeoutError):  # it waits for the old connection
            forgotten.result(timeout=0.2)
        may_end.set()
        assert old.result() == "http://127.0.0.1:9"
        forgotten.result()
    assert address() == "http://127.0.0.1:10"


FORK = """
import os, signal
from viewfinder_components.storage import clients
from viewfinder_components.storage.location import Location

def address():
    return clients.open_client(Location.parse("s3://bucket"))._api.meta.endpoint_url

assert address() == "http://127.0.0.1:9"
os.environ["AWS_ENDPOINT_URL"] = "http://127.0.0.1:10"
with clients._connections._lock:
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # where it waits for the lock
        os._exit(address() != "http://127.0.0.1:10")
assert os.waitpid(child, 0)[1] == 0
assert address() == "http://127.0.0.1:9"
"""


def test_a_fork_connects_itself(lead_to: Callable[[int], None]) -> None:
    """Also one that was forked while another thread was connecting.

    In a process of its own: Python 3.12 warns of a fork beside other threads, as pytest may have.
    """
    lead_to(9)
    subprocess.run([sys.executable, "-c", FORK], check=True, timeout=PATIENCE)
