"""Servers that their user installs: where they are, and the documented commands that start them."""

import json
import os
import stat
import struct
from pathlib import Path

import pytest
from tests.fixtures.servables import draw

from viewfinder_comparison.servers.environments import prepare
from viewfinder_comparison.servers.external import locate, need_place
from viewfinder_comparison.servers.registry import SERVERS
from viewfinder_comparison.servers.server import Place
from viewfinder_components.errors import UsageError

SERVING, OVMS = SERVERS["tensorflow-serving"], SERVERS["openvino-model-server"]


@pytest.mark.parametrize(
    ("place", "address"),
    [
        ("127.0.0.1:8501", ("127.0.0.1", 8501)),
        ("http://models.example:80/", ("models.example", 80)),
        ("[::1]:8501", ("::1", 8501)),
    ],
)
def test_addresses(place: str, address: tuple[str, int]) -> None:
    server = locate(SERVING, place)
    assert server.address == address
    assert "Its user has started it" in server.setup


@pytest.mark.parametrize(
    "place", ["127.0.0.1", "127.0.0.1:0", "127.0.0.1:99999", "https://a.example:443", "no/program"]
)
def test_what_is_neither_an_address_nor_a_program(place: str) -> None:
    with pytest.raises(UsageError, match="for tensorflow-serving an address"):
        locate(SERVING, place)


def test_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ovms"
    program.write_text("#!/bin/sh\n")
    with pytest.raises(UsageError):
        locate(OVMS, str(program))  # it cannot be executed
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    assert locate(OVMS, str(program)).program == program
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    environment = prepare(locate(OVMS, "ovms"))
    assert (environment.program, environment.size) == (program, None)


def test_without_a_place_the_row_says_what_to_do(tmp_path: Path) -> None:
    obstacle = need_place(SERVING).find_obstacle(tmp_path)
    assert obstacle
    assert 'external={"tensorflow-serving": "PLACE"}' in obstacle


def test_the_documented_commands(tmp_path: Path) -> None:
    place = Place(Path("/opt/server"), tmp_path, "fruit", (8501, 8500), 2, Path("/run/folder"))
    assert SERVING.command(place) == [
        "/opt/server",
        "--rest_api_port=8501",
        "--port=8500",
        "--model_name=fruit",
        "--model_base_path=/run/folder/models",
    ]
    assert OVMS.command(place)[:9] == [
        "/opt/server",
        *("--model_name", "fruit"),
        *("--model_path", "/run/folder/models"),
        *("--rest_port", "8501"),
        *("--rest_bind_address", "127.0.0.1"),
    ]


def test_openvino_model_server_gets_pixels(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"image_size": 4, "files": {}}')
    place = Place(Path("/opt/ovms"), tmp_path, "fruit", (9000,), 2, host="models.example")
    head, _, body = OVMS.request(place, draw((250, 10, 0))).partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v2/models/fruit/infer HTTP/1.1\r\nHost: models.example\r\n")
    length = int(head.partition(b"Inference-Header-Content-Length: ")[2].split()[0])
    (tensor,) = json.loads(body[:length])["inputs"]
    assert (tensor["shape"], tensor["datatype"]) == ([1, 4, 4, 3], "UINT8")
    assert struct.unpack("3B", body[length:][:3]) == (250, 10, 0)
    assert len(body) - length == 4 * 4 * 3
