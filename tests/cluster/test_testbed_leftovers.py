"""A test bed that is taken down, or was killed while it came up, leaves nothing on the machine."""

import json
import os
import re
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from tests.fixtures.waiting import wait_for
from tests.testbed import namespaces, network
from tests.testbed.run_folder import RunFolder, read_record

REPOSITORY = Path(__file__).parents[2]
TOOL = [sys.executable, "-m", "tests.testbed"]
# What the kubelet would set, and what the node sets for itself.
SYSCTLS = ("kernel/panic", "kernel/panic_on_oops", "vm/overcommit_memory", "net/ipv4/ip_forward")
FOLDERS = ("/", "/run", "/var/lib", "/var/log", "/opt", "/etc")
pytestmark = pytest.mark.xdist_group("leftovers")  # they compare what is on the machine


@pytest.fixture
def name(node):
    """A test bed of a name of its own, beside the one under test; down afterwards."""
    name = f"leftovers-{uuid.uuid4().hex[:6]}"
    yield name
    tool("down", "--name", name)


def tool(*arguments):
    done = subprocess.run(
        [*TOOL, *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


def look_at_machine():
    """What a test bed could change and forget."""
    rules = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout
    return {
        "rules": sorted(line for line in rules.splitlines() if line.startswith("-A")),
        "sysctls": {key: Path("/proc/sys", key).read_text() for key in SYSCTLS},
        "folders": {folder: set(os.listdir(folder)) for folder in FOLDERS},
    }


def find_traces(name, addresses):
    """What of a test bed is on the machine, by kind."""
    run = RunFolder(name)
    routes = json.loads(subprocess.check_output(["ip", "-json", "route", "show", "table", "all"]))
    ranges = [str(network) for network in [*addresses.routed, addresses.link]]
    commands = [read(path) for path in Path("/proc").glob("[0-9]*/cmdline")]
    return {
        "processes": [one for one in commands if re.search(rf"/runs/{name}\b", one)],
        "mounts": [one for one in read(Path("/proc/mounts")).splitlines() if str(run.path) in one],
        "cgroups": namespaces.cgroups(run),
        "interface": network.is_connected(addresses),
        "routes": [one for one in routes if one["dst"].removesuffix("/32") in ranges],
        "folder": run.path.exists(),
    }


def read(path):
    try:
        return path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def assert_nothing_is_left(name, addresses, before):
    assert not any(find_traces(name, addresses).values()), find_traces(name, addresses)
    assert look_at_machine() == before


@pytest.mark.slow
def test_down_leaves_nothing(name, tmp_path):
    before = look_at_machine()
    tool("up", "--name", name)
    addresses = read_record(RunFolder(name)).addresses
    traces = find_traces(name, addresses)
    assert all(traces[kind] for kind in ("processes", "cgroups", "interface", "folder")), traces
    tool("down", "--name", name)
    assert_nothing_is_left(name, addresses, before)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "again"),
    [("testbed.json", "down"), ("log/supervisor.log", "up"), ("pid/kubelet", "down")],
)
def test_a_tool_that_was_killed_midway_is_made_good(name, file, again):
    """Kill it when it has written its record, started the node, or started the kubelet."""
    before = look_at_machine()
    run = RunFolder(name)
    process = subprocess.Popen([*TOOL, "up", "--name", name], cwd=REPOSITORY)

    def is_written() -> bool:
        assert process.poll() is None, "it ended before it could be killed"
        return (run.path / file).exists()

    wait_for(is_written, f"{file} in the run's folder", 120, pause=0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    addresses = read_record(run).addresses
    if again == "up":
        tool("up", "--name", name)
        assert read_record(run).complete
    tool("down", "--name", name)
    assert_nothing_is_left(name, addresses, before)
