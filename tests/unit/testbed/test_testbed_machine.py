import os
import platform

import pytest
from tests.testbed import machine
from tests.testbed.commands import run

from viewfinder_components.errors import PermanentError

ADDRESS = "http://mirror.example.org/debian"


@pytest.mark.parametrize(
    "sources",
    [
        f"Types: deb\nURIs: {ADDRESS}\nSuites: bookworm\n",
        f"deb {ADDRESS} bookworm main\n",
        f"deb [arch=amd64 signed-by=/k.gpg] {ADDRESS}/ bookworm main\n",
        f"URIs: {ADDRESS}-security\n\nURIs: {ADDRESS}\n",
    ],
)
def test_the_mirror_is_found_in_both_formats_of_apt(sources):
    assert machine.find_mirror(sources) == ADDRESS


@pytest.mark.parametrize(
    "sources",
    ["", f"# deb {ADDRESS} x\n", "deb http://archive.example.org/ubuntu noble main\n"],
)
def test_another_distribution_has_no_debian_mirror(sources):
    assert machine.find_mirror(sources) is None


def test_a_mirror_can_be_named(monkeypatch):
    monkeypatch.setenv("VIEWFINDER_DEBIAN_MIRROR", ADDRESS)
    assert machine.debian_mirror() == ADDRESS


def test_a_user_who_is_not_root_is_told(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(PermanentError, match=r"expected root, .* received user id 1000; run it as"):
        machine.check_root()


def test_another_system_is_told_to_bring_a_cluster(monkeypatch):
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(PermanentError, match=r"received Darwin; .* set KUBECONFIG"):
        machine.check_root()


@pytest.fixture
def programs(monkeypatch, tmp_path):
    """A folder on PATH, with a dpkg-query that knows no package."""
    folder = tmp_path / "programs"
    folder.mkdir()
    write_program(folder / "dpkg-query", "exit 1")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def write_program(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_a_program_that_is_no_package_of_the_machine_is_kept(monkeypatch, programs):
    """Docker's containerd.io brings runc, and conflicts with the package of that name."""
    monkeypatch.setenv("PATH", str(programs))
    assert "runc" in machine.missing_packages()
    write_program(programs / "runc", "")
    missing = machine.missing_packages()
    assert "runc" not in missing
    assert "containernetworking-plugins" in missing  # has no program on PATH


def test_apt_must_not_remove_a_package(monkeypatch, programs, tmp_path):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    says = "E: Packages need to be removed but remove is disabled."
    write_program(programs / "apt-get", f"[ $1 = update ] || {{ echo $*; echo {says}; exit 100; }}")
    with pytest.raises(PermanentError, match=rf"--no-remove .*\n{says}"):
        machine.install_packages()


def test_a_missing_go_is_named(monkeypatch, tmp_path):
    machine.check_go.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PermanentError, match=r"expected Go 1\.26, received no program `go`"):
        machine.check_go()


def test_an_old_go_is_named(monkeypatch, tmp_path):
    machine.check_go.cache_clear()
    write_program(tmp_path / "go", "echo go1.25.4")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(PermanentError, match=r"received go1\.25\.4; install Go 1\.26"):
        machine.check_go()


def test_a_failed_command_says_what_it_printed():
    with pytest.raises(PermanentError, match=r"exit status 3; read what it printed: why"):
        run("sh", "-c", "echo why; exit 3")
    with pytest.raises(PermanentError, match=r"received no such program; .* setup"):
        run("no-such-program")
