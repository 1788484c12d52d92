"""A container's limits are found in both versions of control groups, wherever they are mounted."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fixtures.control_group import control_group, enter_group
from tests.fixtures.system_files import write_group

from viewfinder_components.control_groups import (
    Throttling,
    cpu_limit,
    memory_limit,
    memory_use,
    read_throttling,
)

CPU = {"cpu.max": "50000 100000"}
LEGACY_CPU = {"cpu.cfs_quota_us": "150000", "cpu.cfs_period_us": "100000"}


@pytest.mark.parametrize(
    ("group", "mounted", "folder"),
    [
        ("/", "/", ""),
        ("/a/b", "/", "a/b"),
        ("/a/b", "/", "a"),
        ("/a/b", "/a", "b"),
        ("/kubepods/pod1/c1", "/kubepods/pod1/c1", ""),
        ("/kubepods/pod1/c1", "/other", ""),
        ("/../other", "/", ""),
        ("/a", "/../..", ""),
    ],
)
def test_where_the_limit_is(tmp_path: Path, group: str, mounted: str, folder: str) -> None:
    place = {"group": group, "mounted": mounted, "folder": folder}
    write_group(tmp_path / "2", CPU, **place)
    assert cpu_limit(tmp_path / "2") == 0.5
    write_group(tmp_path / "1", LEGACY_CPU, controllers="cpu,cpuacct", **place)
    assert cpu_limit(tmp_path / "1") == 1.5
    write_group(tmp_path / "memory", {"memory.limit_in_bytes": "7"}, controllers="memory", **place)
    assert memory_limit(tmp_path / "memory") == 7
    assert cpu_limit(tmp_path / "memory") is None


@pytest.mark.parametrize("outer", [25_000, 75_000])
def test_the_smallest_limit_around_it_holds(tmp_path: Path, outer: int) -> None:
    write_group(tmp_path, {"cpu.max": f"{outer} 100000", "memory.max": "9"}, folder="a")
    inner = {"cpu.max": "50000 100000", "memory.max": "max"}
    write_group(tmp_path, inner, folder="a/b", group="/a/b")
    assert cpu_limit(tmp_path) == min(outer, 50_000) / 100_000
    assert memory_limit(tmp_path) == 9


@pytest.mark.parametrize(
    ("files", "controllers"),
    [
        ({}, ""),
        ({"cpu.max": "max 100000", "memory.max": "max"}, ""),
        ({"cpu.max": "", "memory.max": "nonsense"}, ""),
        ({"cpu.max": "100000 0"}, ""),
        ({"cpu.cfs_quota_us": "-1", "cpu.cfs_period_us": "100000"}, "cpu"),
        ({"cpu.cfs_quota_us": "100000"}, "cpu"),
        ({"memory.limit_in_bytes": "9223372036854771712"}, "memory"),
    ],
)
def test_no_limit(tmp_path: Path, files: dict[str, str], controllers: str) -> None:
    write_group(tmp_path, files, controllers=controllers)
    assert cpu_limit(tmp_path) is None
    assert memory_limit(tmp_path) is None


def test_a_system_without_control_groups(tmp_path: Path) -> None:
    for read in (cpu_limit, memory_limit, memory_use, read_throttling):
        assert read(tmp_path) is None


@pytest.mark.parametrize(
    ("stopped", "controllers"),
    [("throttled_usec 1500000", ""), ("throttled_time 1500000000", "cpu,cpuacct")],
)
def test_how_long_the_limit_has_stopped_threads(
    tmp_path: Path, stopped: str, controllers: str
) -> None:
    files = {"cpu.stat": f"nr_periods 40\nnr_throttled 20\n{stopped}"}
    write_group(tmp_path, files, controllers=controllers)
    assert read_throttling(tmp_path) == Throttling(40, 20, 1.5)


@pytest.mark.parametrize(
    ("files", "controllers"),
    [
        ({"memory.current": "100", "memory.stat": "anon 70\ninactive_file 30"}, ""),
        (
            {
                "memory.usage_in_bytes": "100",
                "memory.stat": "inactive_file 10\ntotal_inactive_file 30",
            },
            "memory",
        ),
    ],
)
def test_memory_in_use_is_what_the_kernel_cannot_drop(
    tmp_path: Path, files: dict[str, str], controllers: str
) -> None:
    write_group(tmp_path, files, controllers=controllers)
    assert memory_use(tmp_path) == 70


@pytest.mark.parametrize("line", ["nonsense", "22 1 8:1 / / rw - ext4", "0:"])
def test_a_line_in_another_form_does_not_matter(tmp_path: Path, line: str) -> None:
    write_group(tmp_path, CPU)
    for name in ("mountinfo", "cgroup"):
        file = tmp_path / "proc/self" / name
        file.write_text(f"{line}\n{file.read_text()}")
    assert cpu_limit(tmp_path) == 0.5


READ = """
import json
from viewfinder_components.control_groups import cpu_limit, memory_limit
from viewfinder_components.cores import usable_cores
print(json.dumps([cpu_limit(), memory_limit(), usable_cores()]))
"""


def read_limits(group: Path) -> list[float | None]:
    command = enter_group(group, [sys.executable, "-c", READ])
    done = subprocess.run(command, capture_output=True, check=True)
    found: list[float | None] = json.loads(done.stdout)
    return found


def test_half_a_core_of_this_machine() -> None:
    legacy = {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "50000"}
    with control_group("cpu", {"cpu.max": "50000 100000"}, legacy) as group:
        cores, _, threads = read_limits(group)
    assert (cores, threads) == (0.5, 1)


def test_a_limit_of_memory_of_this_machine() -> None:
    limit = 256 << 20
    unified, legacy = {"memory.max": str(limit)}, {"memory.limit_in_bytes": str(limit)}
    with control_group("memory", unified, legacy) as group:
        assert read_limits(group)[1] == limit
