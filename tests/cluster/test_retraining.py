"""The way from photos that change to a new version that knows them, without a person's hand.

A model of photos by day is served, and photos taken in the evening come as well. Prometheus reads
the pods, the rules of `manifests/monitoring` find the drift, Alertmanager tells the receiver, and
the receiver starts a run with the photos that were labelled meanwhile, on this machine. The gate
passes, the new version is deployed, and its photos are as expected again. The rules' windows are
shortened from an hour to some twenty seconds; everything else is as in use.
"""

import base64
import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile
from tests.cluster.deployments import MODEL, Stage
from tests.fixtures.photos import labelled_fruit
from tests.fixtures.ports import free_port
from tests.fixtures.waiting import wait_for
from tests.monitoring.conftest import (  # noqa: F401  (fixtures)
    alertmanager,
    programs,
    read_scrape_config,
)
from tests.monitoring.servers import (
    describe_target,
    prepare_alertmanager,
    prepare_prometheus,
    query,
    running,
)
from tests.storage.servers import Server
from tests.testbed.monitoring import MonitoringPrograms

import viewfinder
from viewfinder_components.monitoring.files import FILE_MEASURES

pytestmark = pytest.mark.timeout(1800)  # two runs; a busy machine takes three times as long

CLASSES = ("Apple", "Melon", "Pear")
BY_DAY, IN_THE_EVENING, LIVE = 100, 60, 60  # photos of each class
EVENING_LIGHT = 0.25
PHOTOS_PER_REQUEST = 4
WINDOW_FACTOR = 4  # times those of the other tests, since there are few photos a second
SECONDS = 900.0
TOKEN = "a-token-of-the-test"  # noqa: S105
STATISTIC = "inferenceservice_measure:viewfinder_drift:statistic1h"
LIMIT = "inferenceservice_measure:viewfinder_drift:limit"


@dataclass
class Photos:
    """Photos of fruit by day and in the evening; no photo is used twice.

    Attributes:
        folder: The labelled photos.
        evening: By class, photos that nobody has labelled yet.
        live: What cameras send by day, and in the evening.
    """

    folder: Path
    evening: dict[str, list[bytes]] = field(default_factory=dict)
    live: dict[str, list[bytes]] = field(default_factory=dict)

    def label(self, name: str, some: dict[str, list[bytes]]) -> None:
        """Put photos into the folder, as a person does who labels them."""
        for label, photos in some.items():
            (self.folder / label).mkdir(parents=True, exist_ok=True)
            for number, photo in enumerate(photos):
                (self.folder / label / f"{name}-{number:03}.jpg").write_bytes(photo)


def darken(photo: bytes) -> bytes:
    """Return the photo as it would be with a quarter of the light, and as much compression."""
    target = BytesIO()
    with Image.open(BytesIO(photo)) as opened:
        assert isinstance(opened, JpegImageFile)
        dark = opened.convert("RGB").point(lambda value: round(value * EVENING_LIGHT))
        dark.save(target, "JPEG", qtables=opened.quantization)
    return target.getvalue()


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Photos:
    found: dict[str, list[bytes]] = {label: [] for label in CLASSES}
    for label, photo in labelled_fruit():
        if label in found:
            found[label].append(photo)
    made = Photos(tmp_path_factory.mktemp("photos") / "fruit")
    made.live = {"day": [], "evening": []}
    for label, several in found.items():
        # The package has the photos of one shop one after another.
        mixed = [several[place] for place in np.random.default_rng(0).permutation(len(several))]
        day, rest = mixed[:BY_DAY], mixed[BY_DAY:]
        made.label("day", {label: day})
        made.evening[label] = [darken(photo) for photo in rest[:IN_THE_EVENING]]
        live = rest[IN_THE_EVENING : IN_THE_EVENING + LIVE]
        made.live["day"] += live
        made.live["evening"] += [darken(photo) for photo in live]
    return made


class Cameras:
    """Send photos to the service until the block ends.

    Args:
        stage: Where the service is.
        photos: What they take.
    """

    def __init__(self, stage: Stage, photos: Photos) -> None:
        self.share_in_the_evening = 0.0
        self.answered, self.failures = 0, list[str]()
        self.versions: set[str] = set()
        self._stage, self._photos = stage, photos
        self._ended = threading.Event()

    def _send(self, client: httpx.Client, rng: np.random.Generator) -> None:
        chosen = []
        for is_late in rng.random(PHOTOS_PER_REQUEST) < self.share_in_the_evening:
            some = self._photos.live["evening" if is_late else "day"]
            chosen.append(some[rng.integers(len(some))])
        body = {"instances": [{"b64": base64.b64encode(photo).decode()} for photo in chosen]}
        answer = client.post(f"/v1/models/{MODEL}:predict", json=body)
        answer.raise_for_status()
        self.answered += len(answer.json()["predictions"])
        self.versions.add(answer.headers["viewfinder-model-version"])

    def _run(self) -> None:
        rng = np.random.default_rng(1)
        # Each request on a connection of its own, as requests of different cameras are.
        limits = httpx.Limits(max_keepalive_connections=0)
        with self._stage.client(limits=limits, timeout=60) as client:
            while not self._ended.is_set():
                try:
                    self._send(client, rng)
                except httpx.HTTPError as error:
                    self.failures.append(f"{type(error).__name__} {error}")
                self._ended.wait(0.1)

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Send photos while the block runs."""
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()


@contextmanager
def found_pods(stage: Stage, file: Path) -> Iterator[None]:
    """Tell Prometheus which pods there are, which Debian's cannot ask Kubernetes."""
    ended = threading.Event()

    def describe(pod: dict[str, Any]) -> Iterator[dict[str, Any]]:
        metadata, address = pod["metadata"], pod["status"].get("podIP")
        annotations, labels = metadata["annotations"], metadata["labels"]
        ports = [port for one in pod["spec"]["containers"] for port in one.get("ports", ())]
        for port in ports if address else ():
            number = str(port["containerPort"])
            values = {
                "name": metadata["name"],
                "container_port_number": number,
                "annotation_prometheus_kserve_io_port": annotations["prometheus.kserve.io/port"],
                "label_app_kubernetes_io_managed_by": labels["app.kubernetes.io/managed-by"],
                "label_serving_kserve_io_inferenceservice": MODEL,
            }
            path = annotations["prometheus.kserve.io/path"]
            target = describe_target(f"http://{address}:{number}", path, values)
            target["labels"]["__meta_kubernetes_namespace"] = metadata["namespace"]
            yield target

    def keep() -> None:
        while not ended.is_set():
            with contextlib.suppress(httpx.HTTPError):
                targets = [target for pod in stage.pods() for target in describe(pod)]
                temporary = file.with_suffix(".new")
                temporary.write_text(json.dumps(targets))
                temporary.replace(file)
            ended.wait(1)

    thread = threading.Thread(target=keep)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@dataclass
class Workplace:
    """Where an operator has set everything up.

    Attributes:
        home: VIEWFINDER_HOME.
        settings: The settings file, with what starts a run.
        prometheus: A client of Prometheus.
        stage: The namespace.
    """

    home: Path
    settings: Path
    prometheus: httpx.Client
    stage: Stage

    def records(self) -> list[dict[str, Any]]:
        """Every run's record, the oldest first."""
        found = (json.loads(path.read_text()) for path in self.home.glob("runs/*/run.json"))
        return sorted(found, key=lambda record: str(record["started"]))

    def is_moved(self, version: str) -> dict[str, float]:
        """By measure, how many times a version's statistic is its limit."""
        which = f'{{namespace="{self.stage.admin.namespace}", version="{version}"}}'
        found = query(self.prometheus, f"{STATISTIC}{which} / {LIMIT}{which}")
        return {one["metric"]["measure"]: float(one["value"][1]) for one in found}

    def find_shift(self, measure: str) -> str:
        """Ask as an operator does who was told of the alert; return what is said of a measure."""
        url, namespace = str(self.prometheus.base_url), self.stage.admin.namespace
        found = viewfinder.drift(MODEL, prometheus=url, namespace=namespace, since="30s")
        found.save(self.settings.with_name("drift.html"))
        return next((one.sentence for one in found.versions[0].drifted if one.name == measure), "")

    def alerts(self, version: str) -> list[dict[str, Any]]:
        """The alerts of drift that fire."""
        which = f'alertname="ViewfinderDrift", alertstate="firing", version="{version}"'
        return query(self.prometheus, f"ALERTS{{{which}}}")


def write_settings(stage: Stage, photos: Photos, path: Path) -> dict[str, Any]:
    """Write which alert starts a run, and return the run's parameters."""
    parameters: dict[str, Any] = {
        "data": str(photos.folder),
        "model_root": f"s3://{stage.bucket}/models",
        "model_name": MODEL,
        "val_fraction": 0.3,  # so few photos need many for a reference
        "namespace": stage.admin.namespace,
        "deploy": True,
        "predictor_cpu": "200m",
        "predictor_memory": "400Mi",
        "kserve_mode": stage.mode,
        # A busy machine must not fail a run whose speed is not the matter.
        "max_p50_ms": 60_000.0,
        "max_p99_ms": 60_000.0,
    }
    lines = [
        f"[retraining.{MODEL}]",
        'alerts = ["ViewfinderDrift"]',
        f'match = {{ namespace = "{stage.admin.namespace}", inferenceservice = "{MODEL}" }}',
        "interval_seconds = 3600",
        f"[retraining.{MODEL}.parameters]",
        *(f"{name} = {json.dumps(value)}" for name, value in parameters.items()),
    ]
    path.write_text("\n".join(lines))
    return parameters


def run_first(parameters: dict[str, Any], home: Path) -> None:
    """Train the first version by hand, and deploy it."""
    command = [str(Path(sys.executable).with_name("viewfinder")), "run"]
    own = {"data", "model_root", "model_name"}
    for name in own:
        command += [f"--{name.replace('_', '-')}", str(parameters[name])]
    for name, value in parameters.items():
        if name not in own:
            command += ["--set", f"{name}={json.dumps(value).strip(chr(34))}"]
    done = subprocess.run(command, cwd=home.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


@pytest.fixture
def workplace(
    stage: Stage,
    photos: Photos,
    programs: MonitoringPrograms,  # noqa: F811
    alertmanager: tuple[str, ...],  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Workplace]:
    """A deployed first version, and everything that watches it."""
    home, settings = tmp_path / "home", tmp_path / "viewfinder.toml"
    for name, value in stage.s3.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("VIEWFINDER_HOME", str(home))
    run_first(write_settings(stage, photos, settings), home)
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    pods, port = tmp_path / "pods.json", free_port()
    pods.write_text("[]")
    job = read_scrape_config()
    del job["kubernetes_sd_configs"], job["scrape_interval"]
    job |= {"file_sd_configs": [{"files": [str(pods)], "refresh_interval": "1s"}]}
    command = [
        *(str(Path(sys.executable).with_name("viewfinder")), "receive", "--on", "local"),
        *("--port", str(port), "--settings", str(settings)),
        *("--token-file", str(token), "--state", str(tmp_path / "state")),
    ]
    receiver = Server(command, port, "/healthz", tmp_path / "receiver.log")
    authorization = {"http_config": {"authorization": {"credentials_file": str(token)}}}
    with ExitStack() as stack:
        stack.enter_context(found_pods(stage, pods))
        stack.enter_context(running(receiver))
        webhook = f"{receiver.url}/alerts"
        told = prepare_alertmanager(alertmanager, tmp_path, webhook, **authorization)
        stack.enter_context(running(told))
        server = prepare_prometheus(programs, tmp_path, [job], told, WINDOW_FACTOR)
        stack.enter_context(running(server))
        client = httpx.Client(base_url=server.url, trust_env=False, timeout=60)
        yield Workplace(home, settings, stack.enter_context(client), stage)


def test_photos_that_change_lead_to_a_version_that_knows_them(
    stage: Stage, photos: Photos, workplace: Workplace
) -> None:
    assert stage.served_version() == "1"
    began, times = time.monotonic(), dict[str, float]()

    def note(event: str) -> None:
        times[event] = time.monotonic() - began
        print(f"    {times[event]:6.1f} s: {event}")

    cameras = Cameras(stage, photos)
    with cameras.sending():
        # By day, nothing happens.
        wait_for(lambda: workplace.is_moved("1"), "the statistic of drift", SECONDS, pause=1)
        several = cameras.answered + 400
        wait_for(lambda: cameras.answered > several, "photos by day", SECONDS, pause=1)
        moved = workplace.is_moved("1")
        assert max(moved.values()) < 1, moved
        assert not workplace.alerts("1")
        note("400 photos by day, as expected")

        # In the evening, three of eight photos are dark. Somebody labels some.
        cameras.share_in_the_evening = IN_THE_EVENING / (IN_THE_EVENING + BY_DAY)
        photos.label("evening", photos.evening)
        note("the first photos in the evening; some of them are labelled")
        wait_for(lambda: workplace.alerts("1"), "the alert", SECONDS, pause=1)
        note("the alert ViewfinderDrift fires")
        darker = wait_for(lambda: workplace.find_shift("brightness"), "dark photos", SECONDS)
        assert darker.startswith("darker")
        wait_for(lambda: len(workplace.records()) == 2, "a run that nobody started", SECONDS)
        note("a run has started")
        wait_for(
            lambda: workplace.records()[1]["state"] != "running", "the end of the run", SECONDS
        )
        note("the run has ended")
        record = workplace.records()[1]
        assert record["state"] == "succeeded", record
        wait_for(lambda: "2" in cameras.versions, "answers of version 2", SECONDS, pause=1)
        note("version 2 answers")

        # The photos of the evening are as expected now.
        several = cameras.answered + 400
        wait_for(lambda: cameras.answered > several, "photos for version 2", SECONDS, pause=1)
        moved = workplace.is_moved("2")
        assert max(moved.values()) < 1, moved
        wait_for(lambda: not workplace.alerts("1"), "the end of the alert", SECONDS, pause=1)
        note("400 photos later: as expected, the alert has ended")
    assert not cameras.failures, cameras.failures
    assert len(workplace.records()) == 2
    reason = record["reason"]
    assert (reason["kind"], reason["alert"]) == ("alert", "ViewfinderDrift")
    assert reason["service"] == f"{stage.admin.namespace}/{MODEL}"
    assert float(reason["value"]) > float(reason["limit"])
    assert reason["measure"] not in FILE_MEASURES  # only the light has changed
    # The page is written after the record says how the run ended.
    page = wait_for(lambda: workplace.records()[1]["report"], "the run's page", SECONDS)
    assert "ViewfinderDrift" in Path(page).read_text("utf-8")
