import hashlib
import json
import tarfile

import pytest
from tests.testbed.images import Image, write_archive, write_layer


@pytest.fixture
def layer(tmp_path):
    program = tmp_path / "program"
    program.write_bytes(b"#!/bin/true")
    program.chmod(0o755)
    return write_layer(tmp_path / "layer.tar", {"bin/program": program})


def read_archive(path):
    with tarfile.open(path) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}


def blob(content, descriptor):
    found = content["blobs/sha256/" + descriptor["digest"].removeprefix("sha256:")]
    assert len(found) == descriptor["size"]
    assert hashlib.sha256(found).hexdigest() == descriptor["digest"].removeprefix("sha256:")
    return found


def test_an_archive_leads_from_the_name_to_the_layer(tmp_path, layer):
    write_archive(tmp_path / "a.tar", [Image("localhost/x:1", (layer,), {"User": "65532"})])
    content = read_archive(tmp_path / "a.tar")
    (entry,) = json.loads(content["index.json"])["manifests"]
    assert entry["annotations"]["io.containerd.image.name"] == "localhost/x:1"
    manifest = json.loads(blob(content, entry))
    config = json.loads(blob(content, manifest["config"]))
    assert config["config"] == {"User": "65532"}
    assert blob(content, manifest["layers"][0]) == layer.read_bytes()
    assert config["rootfs"]["diff_ids"] == [manifest["layers"][0]["digest"]]


def test_a_shared_layer_is_stored_once(tmp_path, layer):
    images = [Image(f"localhost/{name}:1", (layer,)) for name in ("one", "two")]
    write_archive(tmp_path / "a.tar", images)
    with tarfile.open(tmp_path / "a.tar") as archive:
        names = archive.getnames()
    assert len(names) == len(set(names))
    assert sum(name.startswith("blobs/") for name in names) == 1 + 1 + 1  # layer, config, manifest


def test_the_same_files_give_the_same_layer(tmp_path, layer):
    (tmp_path / "program").touch()  # another time of change
    again = write_layer(tmp_path / "again.tar", {"bin/program": tmp_path / "program"})
    assert again.read_bytes() == layer.read_bytes()


def test_a_layer_keeps_modes_and_belongs_to_root(layer):
    with tarfile.open(layer) as file:
        (member,) = file.getmembers()
    assert (member.name, member.mode, member.uid, member.gid) == ("bin/program", 0o755, 0, 0)
