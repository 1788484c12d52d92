"""A second target: each version is served by a predictor process of this machine."""

import itertools
import json
import signal
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

import httpx

from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.deployment.history import Deed, Entry, History, explain_missing
from viewfinder_components.deployment.route import NEVER_KEPT, Route
from viewfinder_components.deployment.target import Restored, SupersededError
from viewfinder_components.errors import PermanentError, TransientError, UsageError


@dataclass(frozen=True)
class Serving:
    """A predictor process, of which a service has one or, for a while, two."""

    config: DeployConfig
    process: "subprocess.Popen[bytes]"
    ready: Path

    @property
    def url(self) -> str:
        """Where it answers."""
        return str(json.loads(self.ready.read_text())["url"])

    def kill(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()


@dataclass
class Machine:
    """What runs, by the service's name."""

    folder: Path
    live: dict[str, Serving] = field(default_factory=dict)
    """What a service was last told to serve."""
    histories: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    stopped: bool = False
    """Whether new processes are stopped at once, as on a machine that is much too busy."""
    started: list[Serving] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def start(self, config: DeployConfig) -> Serving:
        """Start a predictor, and do not wait for it."""
        ready = self.folder / f"ready-{next(self._numbers)}.json"
        options = {
            "--model-dir": urlsplit(config.version_uri).path,
            "--model-name": config.name,
            "--model-version": config.version_number,
            "--port": 0,
            "--ready-file": ready,
        }
        words = [str(word) for pair in options.items() for word in pair]
        with ready.with_suffix(".log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "viewfinder_serving", *words], stdout=log, stderr=log
            )
        if self.stopped:
            process.send_signal(signal.SIGSTOP)
        self.started.append(Serving(config, process, ready))
        return self.started[-1]


@dataclass
class ProcessRollout:
    """A `Rollout` that starts a process beside the one that serves."""

    machine: Machine
    config: DeployConfig
    deadline: float
    before: Serving | None
    mine: Serving | None = None

    reports_version = True
    changed_settings: ClassVar[list[str]] = []

    @property
    def changes(self) -> bool:
        return self.before is None or self.before.config != self.config

    @property
    def predecessor(self) -> str | None:
        if self.before is None or not self.changes:
            return None
        return f"version {self.before.config.version_number}"

    @property
    def found(self) -> dict[str, Any]:
        return {"process": {"python": sys.executable}}

    @property
    def applied(self) -> dict[str, Any]:
        return {"uri": self.config.version_uri}

    def apply(self) -> None:
        if not self.mine:
            self.mine = self.machine.start(self.config) if self.changes else self.before
        assert self.mine is not None
        self.machine.live[self.config.name] = self.mine

    def is_applied(self) -> bool:
        return self.machine.live.get(self.config.name) is self.mine is not None

    def wait(self) -> None:
        assert self.mine is not None
        while not self.mine.ready.exists():
            if not self.is_applied():
                raise SupersededError("the service to stay", "another deployment", "run it again")
            if self.mine.process.poll() is not None:
                log = self.mine.ready.with_suffix(".log").read_text()
                raise PermanentError("a predictor that starts", log, "publish the version again")
            if time.monotonic() >= self.deadline:
                raise TransientError("the predictor to start in time", "none yet", "run it again")
            time.sleep(0.05)

    def find_route(self) -> Route:
        url = self.machine.live[self.config.name].url
        client = httpx.Client(base_url=url, limits=NEVER_KEPT, trust_env=False)
        return Route(client, self.config.name, url, 5.0, "ask another", "end the other")

    def restore(self) -> Restored:
        assert self.mine is not None
        if not self.is_applied():
            return Restored.SUPERSEDED
        if self.before is None:
            return Restored.NOTHING
        self.machine.live[self.config.name] = self.before
        self.mine.kill()
        return Restored.SERVES if self.before.process.poll() is None else Restored.STARTS

    def remember(self, by: Deed) -> None:
        if not self.changes:
            return
        entry = Entry(self.config.version_number, self.config.version_uri, by, "", "")
        self.machine.histories[self.config.name].append(entry)


@dataclass
class ProcessTarget:
    """A `Target` for `file://` versions."""

    machine: ClassVar[Machine]
    """Set by the test."""
    namespace: str

    @staticmethod
    def need_servable(version_uri: str) -> None:
        if not version_uri.startswith("file://"):
            raise UsageError("a folder of this machine", version_uri, "publish to file://")

    @classmethod
    def connect(cls, namespace: str) -> Self:
        return cls(namespace or "this machine")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def prepare(self, config: DeployConfig, deadline: float) -> ProcessRollout:
        live = self.machine.live.get(config.name)
        return ProcessRollout(self.machine, config, deadline, live)

    def find_earlier(self, service: str, model: str, number: int) -> DeployConfig:
        history = History(tuple(self.machine.histories[service]))
        live = self.machine.live[service].config
        entry = history.newest(number) if number else history.before(live.version_uri)
        if entry is None:
            raise explain_missing(history, service, model, number)
        return DeployConfig(entry.uri, entry.number, model, service_name=service)

    def remove(self, service: str, model: str, timeout_seconds: float) -> bool:
        serving = self.machine.live.pop(service, None)
        if serving:
            serving.kill()
        return serving is not None
