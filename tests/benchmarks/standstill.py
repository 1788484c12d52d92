"""The hunt for a predictor that stands still: hundreds of starts, starved of processor time.

Each start is asked by several clients from its first moment on. While a request is open, the
predictor's threads are looked at: it is slow when they run or are ready to run, and it stands still
when for seconds none of them does either. `STARTS=50` sets the starts of each condition,
`CONDITIONS=0:3` takes some of them, `MODEL_DIR=` another version than the demo's. The control
groups need root.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from tests.benchmarks.predictor import encode
from tests.benchmarks.reading import make_photo

from viewfinder.cli.demo import MODEL_NAME
from viewfinder_components.checking.processor import ProcessorReading, Spent
from viewfinder_pipelines.local.serving import find_version

STARTS = int(os.environ.get("STARTS", "25"))
REQUESTS = 16
STILL_SECONDS = 5.0
GIVE_UP_SECONDS = 600.0


@dataclass(frozen=True)
class Condition:
    """What a predictor is started under."""

    cores: float | None = None
    """Its CPU limit; None for no limit."""

    best_effort: bool = False
    """Whether it has the CPU weight of a pod without a CPU request: the smallest there is."""

    busy: int = 6
    """Busy processes beside it; beside a best-effort one they start once it is ready."""

    clients: int = 4
    """Requests at once."""

    def __str__(self) -> str:
        limit = f"{self.cores} cores" if self.cores else "best effort" if self.best_effort else "-"
        return f"{limit:>11} {self.busy:4} {self.clients:7}"


CONDITIONS = (
    Condition(busy=0),
    Condition(clients=1),
    Condition(),
    Condition(cores=1.0),
    Condition(cores=0.5),
    Condition(cores=0.2, clients=1),
    Condition(cores=0.2),
    Condition(cores=0.2, clients=16),
    Condition(best_effort=True, clients=1),
    Condition(best_effort=True),
)


@dataclass
class Start:
    """What one start of the predictor gave."""

    ready: float = 0.0
    walls: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    spent: Spent = field(default_factory=Spent)
    still: float = 0.0
    stacks: str = ""


def run() -> None:
    """Print a line for every condition, and the stacks of whatever stood still."""
    given = os.environ.get("MODEL_DIR")
    model_dir = Path(given) if given else find_version(MODEL_NAME)
    bodies = [json.dumps(encode(make_photo(number))).encode() for number in range(REQUESTS)]
    print(f"{STARTS} starts each, {REQUESTS} requests a start; seconds")
    print(
        "      limit busy clients |  ready: p50   max | request: p50   max | "
        "waited | still | failed"
    )
    chosen = os.environ.get("CONDITIONS")
    for condition in CONDITIONS[slice(*map(int, chosen.split(":")))] if chosen else CONDITIONS:
        with control_group(condition) as group:
            starts = [try_start(model_dir, group, bodies, condition) for _ in range(STARTS)]
        print(describe(condition, starts), flush=True)
        for start in starts:
            if start.stacks or start.failures:
                print(*start.failures[:3], start.stacks, sep="\n", flush=True)


def describe(condition: Condition, starts: list[Start]) -> str:
    """Return a condition's line of the table."""
    ready = sorted(start.ready for start in starts)
    walls = sorted(wall for start in starts for wall in start.walls) or [0.0]
    failed = sum(len(start.failures) for start in starts)
    waited = sum(start.spent.waiting_seconds for start in starts)
    ran = sum(start.spent.cpu_seconds for start in starts)
    return (
        f"{condition} | "
        f"{ready[len(ready) // 2]:11.1f} {ready[-1]:5.1f} | "
        f"{walls[len(walls) // 2]:12.2f} {walls[-1]:5.2f} | "
        f"{waited / (waited + ran):5.0%}  | "
        f"{max(start.still for start in starts):5.2f} | {failed}"
    )


def try_start(
    model_dir: Path, group: Path | None, bodies: list[bytes], condition: Condition
) -> Start:
    """Start the predictor once and ask it at once."""
    start = Start()
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        ready, log = Path(scratch, "ready.json"), Path(scratch, "log")
        if not condition.best_effort:
            stack.enter_context(busy_processes(condition.busy))
        began = time.monotonic()
        process = stack.enter_context(started(model_dir, group, ready, log))
        stack.enter_context(watch(process, start, log))
        while not ready.exists():
            if process.poll() is not None or time.monotonic() - began > GIVE_UP_SECONDS:
                start.failures.append(f"not ready: {log.read_text()[-500:]}")
                return start
            time.sleep(0.01)
        start.ready = time.monotonic() - began
        if condition.best_effort:
            stack.enter_context(busy_processes(condition.busy))
        url = json.loads(ready.read_bytes())["url"]
        with httpx.Client(base_url=url, timeout=GIVE_UP_SECONDS, trust_env=False) as client:

            def ask(body: bytes) -> None:
                asked = time.monotonic()
                headers = {"content-type": "application/json"}
                try:
                    client.post("/v1/models/checked:predict", content=body, headers=headers)
                except httpx.HTTPError as error:
                    start.failures.append(repr(error))
                start.walls.append(time.monotonic() - asked)

            with ThreadPoolExecutor(condition.clients) as pool:
                list(pool.map(ask, bodies))
    return start


@contextmanager
def started(
    model_dir: Path, group: Path | None, ready: Path, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a predictor in a control group."""
    command = [sys.executable, "-P", "-X", "faulthandler", "-m", "viewfinder_serving"]
    command += ["--model-dir", str(model_dir), "--model-name", "checked", "--port", "0"]
    command += ["--ready-file", str(ready), "--request-seconds", "900", "--stop-at-eof"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            enter(group, command), stdin=subprocess.PIPE, stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()  # type: ignore[union-attr]  # it is a pipe


@contextmanager
def watch(process: subprocess.Popen[bytes], start: Start, log: Path) -> Iterator[None]:
    """Note the longest time without progress; end a predictor that stands still, for its stacks."""
    stop = threading.Event()
    first = ProcessorReading.of(process.pid)

    def look() -> None:
        before, moved = first, time.monotonic()
        while not stop.wait(0.1):
            now = ProcessorReading.of(process.pid)
            spent = now.since(before)
            if now.wanting or spent.cpu_seconds > 1e-3 or not now.threads:
                moved = time.monotonic()
            start.still = max(start.still, time.monotonic() - moved)
            before = now
            if time.monotonic() - moved > STILL_SECONDS:
                process.send_signal(signal.SIGABRT)
                process.wait()
                start.stacks = log.read_text(errors="replace")[-6000:]
                return

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        start.spent = ProcessorReading.of(process.pid).since(first)
        stop.set()
        thread.join()


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    """Keep the processors busy with other work."""
    command = [sys.executable, "-c", "while True: pass"]
    processes = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


@contextmanager
def control_group(condition: Condition) -> Iterator[Path | None]:
    """Make the control group that a condition needs, of version 2 or 1, and remove it."""
    if condition.cores is None and not condition.best_effort:
        yield None
        return
    root = Path("/sys/fs/cgroup")
    unified = (root / "cgroup.controllers").exists()
    group = (root if unified else root / "cpu") / f"viewfinder-standstill-{os.getpid()}"
    group.mkdir()
    try:
        if condition.best_effort:
            (group / ("cpu.weight" if unified else "cpu.shares")).write_text(
                "1" if unified else "2"
            )
        elif unified:
            (group / "cpu.max").write_text(f"{int(condition.cores * 100_000)} 100000")
        else:
            (group / "cpu.cfs_quota_us").write_text(str(int(condition.cores * 100_000)))
        yield group
    finally:
        for _ in range(100):
            try:
                group.rmdir()
                break
            except OSError:  # the last process is still being taken out
                time.sleep(0.05)


def enter(group: Path | None, command: list[str]) -> list[str]:
    """Return the command that runs another one in a group."""
    if group is None:
        return command
    return ["sh", "-c", 'echo $$ > "$0" && exec "$@"', str(group / "cgroup.procs"), *command]
