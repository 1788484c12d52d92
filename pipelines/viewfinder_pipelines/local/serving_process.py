"""The predictor's process under `viewfinder serve`: reports when it is ready, gets all signals."""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from viewfinder_components.storage.temporary_folder import temporary_folder

_POLL_SECONDS = 0.05
_SHELL_SIGNAL = 128  # a shell's exit code for a process ended by a signal, minus the signal
_FORWARDED = {
    signal.SIGINT: signal.SIGINT,
    signal.SIGTERM: signal.SIGTERM,
    signal.SIGHUP: signal.SIGTERM,  # a closed terminal's
    signal.SIGUSR1: signal.SIGUSR1,  # write every thread's stack; see docs/serving.md
}


def run_predictor(command: Sequence[str], say_ready: Callable[[str], None]) -> int:
    """Run the predictor until it ends; signals to this process are passed on to it.

    Args:
        command: The predictor's command.
        say_ready: Called with its URL once it answers.

    Returns:
        Its exit code, as a shell reports it.
    """
    with temporary_folder("viewfinder-serve-") as folder:
        ready = folder / "ready.json"
        with (
            subprocess.Popen(
                [*command, "--ready-file", str(ready)],
                stdin=subprocess.PIPE,  # held open: when it closes, the predictor ends
                start_new_session=True,  # or Ctrl-C would reach it twice, which cuts requests off
            ) as process,
            _signals_forwarded(process, ready),
        ):
            while process.poll() is None and not ready.exists():
                time.sleep(_POLL_SECONDS)
            if ready.exists():
                say_ready(str(json.loads(ready.read_bytes())["url"]))
            code = process.wait()
    return _SHELL_SIGNAL - code if code < 0 else code


@contextmanager
def _signals_forwarded(process: "subprocess.Popen[bytes]", ready: Path) -> Iterator[None]:
    def forward(number: int, frame: FrameType | None) -> None:
        # Before it is ready it may not handle SIGUSR1 yet, and would be ended by it.
        if number != signal.SIGUSR1 or ready.exists():
            process.send_signal(_FORWARDED[signal.Signals(number)])

    before = {number: signal.getsignal(number) for number in _FORWARDED}
    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:  # `nohup` ignores SIGHUP: leave it
                signal.signal(number, forward)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
