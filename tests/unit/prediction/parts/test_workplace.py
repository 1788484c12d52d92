"""One process at a time works on an output, also while another one ends."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from viewfinder_components.errors import TransientError
from viewfinder_components.prediction.outputs.output import Output, open_output


@pytest.fixture
def output(tmp_path: Path) -> Output:
    return open_output(str(tmp_path / "out.parquet"), tmp_path)


def test_a_process_that_has_finished_still_holds_what_it_clears(output: Output) -> None:
    """Otherwise its end would take the lock of the next one away, and let a third one in."""
    with output.workplace.hold():
        output.clear()
        with pytest.raises(TransientError, match="another process"), output.workplace.hold():
            pass
    with output.workplace.hold() as folder:
        assert folder.is_dir()
        with pytest.raises(TransientError, match="another process"), output.workplace.hold():
            pass
    assert not output.workplace.folder.exists()


def test_whoever_comes_while_another_one_leaves_is_alone(output: Output) -> None:
    inside: list[int] = []

    def work(number: int) -> int:
        done = 0
        for _ in range(100):
            with ExitStack() as stack:
                try:
                    folder = stack.enter_context(output.workplace.hold())
                except TransientError:
                    continue
                inside.append(number)
                (folder / "job").mkdir()
                (folder / "job" / "part-000000.parquet").write_bytes(b"")
                (folder / "list").write_bytes(b"")
                assert inside == [number]
                output.clear()
                inside.remove(number)
                done += 1
        return done

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, range(8))) > 0
    assert not output.workplace.folder.exists()


def test_what_a_job_has_left_stays(output: Output) -> None:
    with output.workplace.hold() as folder:
        (folder / "job").mkdir()
        (folder / "job" / "part-000000.parquet").write_bytes(b"")
    assert (folder / "job" / "part-000000.parquet").exists()
