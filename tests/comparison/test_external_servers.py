"""Servers that their user installs or has started, with programs that stand in for them."""

from pathlib import Path

from tests.comparison.stand_ins import write_openvino_model_server, write_tensorflow_serving

from viewfinder_comparison.compare import compare_servers
from viewfinder_comparison.measurement.round import Task
from viewfinder_comparison.servers.environments import prepare
from viewfinder_comparison.servers.external import locate
from viewfinder_comparison.servers.registry import SERVERS
from viewfinder_comparison.servers.running import running

SERVING, OVMS = SERVERS["tensorflow-serving"], SERVERS["openvino-model-server"]


def test_a_program_is_started_and_an_address_is_asked(brief: Task, tmp_path: Path) -> None:
    program = locate(SERVING, str(write_tensorflow_serving(tmp_path)))
    cores, log = brief.cores.servers, tmp_path / "server.log"
    with running(program, prepare(program), brief.served, cores, log) as started:
        assert started.ask(brief.samples[0].content, brief.procedure.timeout).label in brief.labels
        address = locate(SERVING, f"127.0.0.1:{started.place.ports[0]}")
        (row,) = compare_servers([address], brief, tmp_path / "output", lambda text: None).servers
        assert started.processes
        assert started.processes.exit_code() is None, "a server of its user is not stopped"
    assert (row.state, row.reason) == ("measured", None)
    assert row.throughput
    assert row.overload
    assert (row.cold_start_seconds, row.memory_mb, row.install_mb) == (None, None, None)
    assert row.cpu_seconds_per_1000_photos is None


def test_a_server_that_takes_pixels(brief: Task, tmp_path: Path) -> None:
    server = locate(OVMS, str(write_openvino_model_server(tmp_path)))
    (row,) = compare_servers([server], brief, tmp_path / "output", lambda text: None).servers
    assert (row.state, row.reason) == ("measured", None)
    assert row.memory_mb
    assert row.cold_start_seconds
    assert row.largest_difference is not None
    assert row.largest_difference < 1e-5, "the pixels are those of the evaluation"


def test_an_address_at_which_nobody_listens(brief: Task, tmp_path: Path) -> None:
    server = locate(SERVING, "127.0.0.1:9")
    (row,) = compare_servers([server], brief, tmp_path / "output", lambda text: None).servers
    assert row.state == "failed"
    assert "no answer (ConnectionRefusedError)" in (row.reason or "")
