"""Bring a test bed up and take it down."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.testbed import (
    commands,
    control_plane,
    image_set,
    image_store,
    images,
    knative,
    kserve,
    machine,
    namespaces,
    network,
    programs,
    stores,
    templates,
    versions,
)
from tests.testbed.addresses import AddressPlan, choose
from tests.testbed.cache import home
from tests.testbed.objects import Cluster, wait_until
from tests.testbed.phases import phase, say
from tests.testbed.run_folder import Record, RunFolder, list_runs, read_record, write_record

from viewfinder_components.errors import PermanentError

_API_SECONDS = 120  # each: more than enough, even when the machine is busy with other work
_READY_SECONDS = 180


def build(kserve_version: str, *, with_knative: bool) -> tuple[Path, Path, Path]:
    """Build what the cache lacks.

    Args:
        kserve_version: One of `versions.KSERVE`.
        with_knative: Whether Knative Serving is wanted.

    Returns:
        The folders of Kubernetes' programs, of containerd and etcd, and of the image store.

    Raises:
        PermanentError: The machine lacks something, or a build failed.
    """
    versions.check_kserve(kserve_version)
    machine.check()
    with _locked(f"build-{kserve_version}"):
        kubernetes = programs.build(programs.KUBERNETES)
        programs.find_kubectl()  # the tests want it
        debian = programs.unpack_newer_packages()
        kserve.prepare(kserve_version)
        if with_knative:
            knative.prepare()
        store = image_store.prepare(debian, kserve_version, knative=with_knative)
        return kubernetes, debian, store


def up(
    name: str, kserve_version: str, number: int | None = None, *, with_knative: bool = True
) -> Path:
    """Bring a test bed up and return its kubeconfig; one that is up stays as it is.

    Args:
        name: The test bed's name.
        kserve_version: One of `versions.KSERVE`.
        number: Its address plan's number; None chooses a free one.
        with_knative: Whether it gets Knative Serving, for KServe's mode Knative.

    Raises:
        ViewfinderError: It did not come up, or one of this name runs something else.
    """
    run = RunFolder(name)
    kubernetes, debian, store = build(kserve_version, with_knative=with_knative)
    with _locked(f"run-{name}"):
        record = read_record(run)
        if record and record.complete and namespaces.find_init(run):
            wanted = replace(record, kserve=kserve_version, knative=with_knative)
            if record != wanted:
                raise PermanentError(
                    wanted.words,
                    f"the test bed {name!r} with {record.words}",
                    "take it down first, or give the other one another --name",
                )
            say(f"{name} is up: export KUBECONFIG={run.kubeconfig}")
            return run.kubeconfig
        _remove(run)  # what an `up` that was cut off has left
        with _locked("number"):
            addresses = AddressPlan(number) if number else _choose_addresses()
            record = Record(addresses.number, kserve_version, knative=with_knative)
            run.folder()
            write_record(run, record)
        node = control_plane.Node(run, addresses, kubernetes, debian)
        _start(node, store)
        _install(node, record)
        write_record(run, replace(record, complete=True))
    say(f"{name} is up: export KUBECONFIG={run.kubeconfig}")
    return run.kubeconfig


def down(name: str) -> None:
    """Take a test bed down and remove everything of it; what was built stays in the cache."""
    machine.check_root()
    run = RunFolder(name)
    with _locked(f"run-{name}"), phase(f"taking {name} down"):
        _remove(run)


def load(name: str, archive: Path) -> None:
    """Import an image archive (docker-archive or OCI) into a running test bed.

    Raises:
        PermanentError: The test bed does not run, or the file is no image.
    """
    run = RunFolder(name)
    init = namespaces.find_init(run)
    if init is None:
        raise PermanentError("a running test bed", f"none of the name {name!r}", "run `up` first")
    ctr = programs.executable(programs.unpack_newer_packages(), "ctr")
    inside = ["nsenter", "--target", str(init), "--mount", str(ctr)]
    inside += ["--address", control_plane.CONTAINERD_SOCKET, "--namespace", image_store.NAMESPACE]
    size = f"{archive.stat().st_size / 1e6:.0f} MB"
    # read here and handed over: the node does not see every folder of this machine
    with phase(f"loading {archive.name}, {size}", "30 s a GB"), archive.open("rb") as file:
        command = [*inside, "images", "import", "-"]
        done = subprocess.run(command, stdin=file, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PermanentError(f"an image archive {archive}", done.stderr.strip(), "export it again")
    say(done.stdout.strip())


def give_base_image() -> str:
    """Put Debian's Python into buildah's storage, to build the project's images on.

    Returns:
        The image's name, for `buildah build --build-arg BASE=...`.
    """
    machine.check()
    archive = image_set.archive_of([image_set.python_image()])
    # In a mount namespace of its own, which takes away what buildah leaves mounted.
    unshare = ("unshare", "--mount", "--propagation", "private")
    commands.run(*unshare, "buildah", "pull", "--quiet", f"oci-archive:{archive}")
    return images.PYTHON


def status() -> list[str]:
    """Return a line for each test bed of the cache folder."""
    lines = []
    for run in list_runs():
        record = read_record(run)
        assert record is not None
        running = namespaces.find_init(run) is not None
        state = "up" if running and record.complete else "starting" if running else "dead"
        lines.append(f"{run.name}: {state}, {record.words}, KUBECONFIG={run.kubeconfig}")
    return lines


def _start(node: control_plane.Node, store: Path) -> None:
    """Start the node and wait until it takes pods."""
    with phase("images and certificates"):
        image_store.copy(store, node.run.path / "containerd")
        control_plane.prepare(node)
        for name in (stores.S3_SERVICE, stores.GCS_SERVICE):
            os.chown(node.run.folder("volumes", name), *[int(image_set.NOBODY)] * 2)
    with phase("starting the node"):
        init = namespaces.start(node.run, node.addresses)
        network.connect(node.addresses, init)
    cluster = Cluster(node.run.kubeconfig)
    with phase("API server"):
        wait_until(cluster.is_ready, "the API server to be ready", _API_SECONDS)
    cluster.close()


def _install(node: control_plane.Node, record: Record) -> None:
    """Install the name server, the stores, Knative and KServe, and wait until all answer."""
    cluster = Cluster(node.run.kubeconfig)
    install = kserve.manifests(record.kserve)
    serving = knative.manifests() if record.knative else knative.Install([], [])
    with phase("creating the objects"):
        # our own first: their pods start while the API server reads the large definitions
        definitions = [*serving.definitions, *install.definitions]
        cluster.create_when_possible([*_our_manifests(node), *definitions], _API_SECONDS)
        for definition in definitions:
            name = definition["metadata"]["name"]
            wait_until(lambda: cluster.is_served(definition), f"{name} to be served", _API_SECONDS)  # noqa: B023
        cluster.create_when_possible([*serving.rest, *install.controller], _API_SECONDS)
    with phase("node ready"):
        wait_until(cluster.node_is_ready, "the node to be ready", _READY_SECONDS)
    deployments = [
        ("kube-system", "coredns"),
        (stores.NAMESPACE, stores.S3_SERVICE),
        (stores.NAMESPACE, stores.GCS_SERVICE),
        (kserve.NAMESPACE, kserve.CONTROLLER),
        *(knative.deployments() if record.knative else ()),
    ]
    for namespace, name in deployments:
        with phase(f"{name} ready"):
            wait_until(
                lambda: cluster.is_deployed(namespace, name),  # noqa: B023  (called at once)
                f"{name} to be ready",
                _READY_SECONDS,
                lambda: cluster.why_not(namespace),  # noqa: B023
            )
    with phase("KServe's webhook answers"):
        cluster.create_when_possible(install.late, _READY_SECONDS)
    if record.knative:
        with phase("Knative's webhook answers"):
            wait_until(
                lambda: cluster.admits(knative.ASKED), "Knative's webhook to answer", _READY_SECONDS
            )
    cluster.close()


def _our_manifests(node: control_plane.Node) -> list[dict[str, object]]:
    dns = {"coredns_image": image_set.COREDNS, "dns_address": node.addresses.dns}
    images = {"minio_image": image_set.MINIO, "gcs_image": image_set.GCS}
    places = {"s3_address": node.addresses.s3, "gcs_address": node.addresses.gcs}
    volumes = str(node.run.volumes)
    return [
        *templates.load("coredns", **dns),
        *templates.load("stores", **images, **places, volumes=volumes),
    ]


def _remove(run: RunFolder) -> None:
    """Remove everything of a test bed, whatever state it is in."""
    namespaces.stop(run)
    record = read_record(run)
    if record:
        network.disconnect(record.addresses)
    # the record goes last: were this cut off, the next `down` would still know the addresses
    if run.path.exists():
        for entry in run.path.iterdir():
            if entry != run.record:
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        shutil.rmtree(run.path)


def _choose_addresses() -> AddressPlan:
    records = [read_record(run) for run in list_runs()]
    return choose([one.number for one in records if one], network.machine_networks())


@contextmanager
def _locked(what: str) -> Iterator[None]:
    """Let one tool at a time do something; the kernel frees the lock when the tool dies."""
    folder = home() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / what).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another tool that is at it ({what})")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
