import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.fixtures.ports import free_port
from tests.fixtures.waiting import wait_for
from tests.testbed.supervised import Supervised, read_list, write_list
from tests.testbed.supervisor import accepts

REPOSITORY = Path(__file__).parents[3]
CODE = """
import sys
from pathlib import Path
from tests.testbed.supervised import read_list
from tests.testbed.supervisor import Supervisor
run = Path(sys.argv[1])
Supervisor(run, read_list(run / "programs.json")).run()
"""
LISTEN = "import socket,time; s=socket.create_server(('127.0.0.1', {})); time.sleep(600)"


@pytest.fixture
def supervise(tmp_path):
    """Run a supervisor in a process of its own, without namespaces."""
    started = []

    def start(*programs):
        write_list(tmp_path / "programs.json", list(programs))
        command = [sys.executable, "-c", CODE, str(tmp_path)]
        started.append(subprocess.Popen(command, cwd=REPOSITORY))
        return tmp_path

    yield start
    for process in started:
        process.kill()
        process.wait()
    for file in (tmp_path / "pid").iterdir():
        os.kill(int(file.read_text()), signal.SIGKILL)


def program(name, *command, needs=()):
    return Supervised(name, command or ("/bin/sleep", "600"), "", needs)


def pid_of(run, name):
    def read():
        with contextlib.suppress(FileNotFoundError, ValueError):  # it is being written
            return int((run / "pid" / name).read_text())

    return wait_for(read, f"{name} to run", pause=0.02)


def test_a_killed_program_is_started_again(supervise):
    run = supervise(program("etcd"))
    first = pid_of(run, "etcd")
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: pid_of(run, "etcd") != first, "another etcd")


def test_a_held_program_stays_away_until_it_is_let_go(supervise):
    run = supervise(program("etcd"))
    first = pid_of(run, "etcd")
    (run / "hold" / "etcd").touch()
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: not (run / "pid" / "etcd").exists(), "no etcd", pause=0.02)
    time.sleep(1.5)  # longer than the pause before a restart
    assert not (run / "pid" / "etcd").exists()
    (run / "hold" / "etcd").unlink()
    assert pid_of(run, "etcd") != first


def test_a_program_waits_for_what_it_needs(supervise):
    port = free_port()
    listener = LISTEN.format(port)
    run = supervise(
        program("api", needs=(f"127.0.0.1:{port}",)),
        program("etcd", sys.executable, "-c", f"import time; time.sleep(1); {listener}"),
    )
    pid_of(run, "etcd")
    assert not (run / "pid" / "api").exists()
    assert pid_of(run, "api")
    assert accepts(f"127.0.0.1:{port}")


def test_a_program_s_output_is_in_its_log(supervise):
    run = supervise(program("etcd", "/bin/sh", "-c", "echo out; echo err >&2; exec sleep 600"))
    pid_of(run, "etcd")
    log = run / "log" / "etcd.log"
    wait_for(lambda: log.read_text() == "out\nerr\n", "both lines in the log", log=log)


def test_the_list_of_programs_survives_its_file(tmp_path):
    programs = [program("api", "/bin/true", needs=("127.0.0.1:1", "/run/x.sock"))]
    write_list(tmp_path / "programs.json", programs)
    assert read_list(tmp_path / "programs.json") == programs
