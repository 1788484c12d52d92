"""An upload that was altered on its way is deleted, but never what somebody else has written since.

fake-gcs-server, which tests/storage runs, deletes an object whatever its generation. The server
here keeps one object as Cloud Storage does, and hands out a wrong checksum.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.fixtures.loopback import QuietHandler, serving

from viewfinder_components.storage import clients, retrying
from viewfinder_components.storage.checksums import digest_file
from viewfinder_components.storage.clients import open_client
from viewfinder_components.storage.location import Location
from viewfinder_components.storage.objects import ObjectError

WRONG = "AAAAAA=="  # the CRC32C of no bytes


@dataclass
class KeptObject:
    """The object that the server has.

    Attributes:
        generation: Its generation; 0 if it does not exist.
        written: How often it has been written.
        is_replaced: Whether another machine replaces it just after each upload.
        deletions: The generation that each deletion asked for; None if it asked for none.
    """

    generation: int = 0
    written: int = 0
    is_replaced: bool = False
    deletions: list[int | None] = field(default_factory=list)

    def write(self) -> int:
        self.written += 1
        self.generation = 1000 + self.written
        return self.generation

    def answer(self, wanted: int | None) -> bool:
        """Return whether the object has the generation that a request demands."""
        return wanted is None or wanted == self.generation


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[KeptObject]:
    """The object at gs://bucket/a, before it exists."""
    one = KeptObject()

    class Api(QuietHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if not one.answer(self.read_condition()):
                return self.send(412, b'{"error": {"code": 412, "message": "conditionNotMet"}}')
            made = {"name": "a", "generation": str(one.write()), "crc32c": WRONG, "size": "5"}
            if one.is_replaced:
                one.write()
            return self.send(200, json.dumps(made).encode())

        def do_DELETE(self) -> None:
            one.deletions.append(self.read_condition())
            if not one.answer(one.deletions[-1]):
                return self.send(412, b'{"error": {"code": 412, "message": "conditionNotMet"}}')
            one.generation = 0
            return self.send(204, b"")

        def read_condition(self) -> int | None:
            query = parse_qs(urlsplit(self.path).query)
            return int(query["ifGenerationMatch"][0]) if "ifGenerationMatch" in query else None

    monkeypatch.setattr(retrying, "_FIRST_SECONDS", 0.001)
    with serving(Api) as url:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
        clients.forget_connections()
        yield one
    clients.forget_connections()


def upload(folder: Path, replace: bool) -> ObjectError:
    path = folder / "a"
    path.write_bytes(b"photo")
    client = open_client(Location.parse("gs://bucket"))
    with pytest.raises(ObjectError) as caught:
        client.upload("a", path, digest_file(path), replace=replace)
    return caught.value


def test_what_was_altered_is_deleted_before_it_is_sent_again(
    kept: KeptObject, tmp_path: Path
) -> None:
    assert upload(tmp_path, replace=False).kind == "damaged"
    assert kept.written > 1  # again: the name was free
    assert kept.deletions == [1000 + number for number in range(1, kept.written + 1)]
    assert kept.generation == 0


def test_what_another_machine_has_written_since_stays(kept: KeptObject, tmp_path: Path) -> None:
    kept.is_replaced = True
    assert upload(tmp_path, replace=True).kind == "damaged"
    assert kept.deletions == [1000 + number for number in range(1, kept.written, 2)]
    assert kept.generation == 1000 + kept.written
