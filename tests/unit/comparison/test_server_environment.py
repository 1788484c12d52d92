"""What a server of the comparison finds in its environment."""

from pathlib import Path

import pytest

from viewfinder_comparison.servers.registry import SERVERS
from viewfinder_comparison.servers.server import Place


@pytest.mark.parametrize("name", ["viewfinder", "flask"])
@pytest.mark.parametrize(
    "secret", ["VIEWFINDER_SERVING_TOKENS", "VIEWFINDER_TOKEN", "VIEWFINDER_TOKEN_FILE"]
)
def test_servers_get_no_tokens(name: str, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the first of them, our predictor would refuse every request of the load."""
    monkeypatch.setenv(secret, "0123456789abcdef")
    place = Place(Path("/usr/bin/python3"), Path("version"), "fruit", (1,), 1)
    assert secret not in SERVERS[name].environment(place)


def test_packages_of_this_process_are_found_by_our_own_server_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/ours")
    place = Place(Path("/usr/bin/python3"), Path("version"), "fruit", (1,), 1)
    assert SERVERS["viewfinder"].environment(place)["PYTHONPATH"] == "/ours"
    assert "PYTHONPATH" not in SERVERS["flask"].environment(place)
