import subprocess
from contextlib import suppress

import pytest
from tests.testbed import programs, versions
from tests.testbed.cache import building, building_file, home, key_of

from viewfinder_components.errors import PermanentError


def test_a_key_depends_on_every_part_and_on_where_it_ends(tmp_path):
    pins = tmp_path / "go.sum"
    pins.write_text("one")
    before = key_of(pins, "flag")
    assert before == key_of(pins, "flag")
    assert key_of("ab", "c") != key_of("a", "bc")
    pins.write_text("two")
    assert key_of(pins, "flag") != before


def test_a_build_appears_whole_or_not_at_all(tmp_path):
    target = tmp_path / "programs" / "etcd"
    with suppress(ZeroDivisionError), building(target) as draft:
        (draft / "half").touch()
        _ = 1 / 0
    assert list(target.parent.iterdir()) == []
    with building(target) as draft:
        (draft / "whole").touch()
    assert [entry.name for entry in target.iterdir()] == ["whole"]


def test_what_a_killed_build_left_is_removed_by_the_next(tmp_path):
    target = tmp_path / "etcd"
    process = subprocess.Popen(["true"])
    process.wait()
    dead, alive = tmp_path / f".etcd.{process.pid}", tmp_path / ".etcd.1"
    for draft in (dead, alive):
        draft.mkdir()
        (draft / "half").touch()
    with building(target):
        pass
    assert {entry.name for entry in tmp_path.iterdir()} == {"etcd", alive.name}


def test_of_two_tools_that_build_the_same_the_first_wins(tmp_path):
    target = tmp_path / "etcd"
    with building(target) as draft:
        (draft / "second").touch()
        target.mkdir()
        (target / "first").touch()
    assert [entry.name for entry in tmp_path.iterdir()] == ["etcd"]
    assert [entry.name for entry in target.iterdir()] == ["first"]


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    target = tmp_path / "layer.tar"
    with suppress(ZeroDivisionError), building_file(target) as draft:
        draft.write_text("half")
        _ = 1 / 0
    assert list(tmp_path.iterdir()) == []
    with building_file(target) as draft:
        draft.write_text("whole")
    assert target.read_text() == "whole"


@pytest.mark.parametrize("place", ["/run/x", "/var/lib/jenkins/cache", "/var/log"])
def test_a_cache_that_the_node_could_not_see_is_refused(monkeypatch, place):
    monkeypatch.setenv("VIEWFINDER_TESTBED", place)
    with pytest.raises(PermanentError, match="set VIEWFINDER_TESTBED to another folder"):
        home()


def test_every_program_set_pins_its_module_and_every_module_under_it():
    sets = [programs.KUBERNETES, programs.COREDNS, programs.MINIO, programs.GCS]
    for one in [*sets, *(programs.kserve(version) for version in versions.KSERVE)]:
        assert one.version.startswith("v"), one.name
        sums = (one.folder / "go.sum").read_text()
        assert f"{one.module} {one.version} h1:" in sums, one.name


def test_a_kserve_is_built_from_the_version_that_its_name_says():
    for version in versions.KSERVE:
        assert programs.kserve(version).version == f"v{version}"
    with pytest.raises(PermanentError, match="received 0\\.21\\.0"):
        versions.check_kserve("0.21.0")
