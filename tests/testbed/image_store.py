"""containerd's store with the images unpacked, made once; each start gets its own copy.

The copy is made of hard links: layers and blobs never change, so they are shared; only the two
small databases are copied. A start never sees containers that another one left.
"""

import os
import shutil
import subprocess
import time
from pathlib import Path

from tests.testbed.cache import building, home
from tests.testbed.commands import run
from tests.testbed.image_set import archive_of, images_of, key_of_images
from tests.testbed.phases import phase
from tests.testbed.programs import executable
from tests.testbed.supervisor import accepts

from viewfinder_components.errors import PermanentError

NAMESPACE = "k8s.io"  # where containerd keeps what belongs to Kubernetes
_START_SECONDS = 30


def prepare(debian: Path, kserve: str, *, knative: bool) -> Path:
    """Return the store with the images of a test bed; make it unless the cache has it.

    Args:
        debian: The folder with containerd.
        kserve: KServe's version.
        knative: Whether Knative Serving's images are wanted.
    """
    images = images_of(kserve, knative=knative)
    target = home() / "stores" / f"{debian.name}-{key_of_images(images)}"
    if target.exists():
        return target
    archive = archive_of(images)
    with phase("unpacking the images", "10 s"), building(target) as draft:
        _import_into(draft, archive, debian)
    archive.unlink()  # it holds nothing that the store and the layers do not hold
    return target


def copy(store: Path, target: Path) -> None:
    """Copy a store for one start: links to what never changes, copies of the databases."""
    run("cp", "--archive", "--link", store, target)
    for database in target.rglob("*.db"):
        content = database.read_bytes()
        database.unlink()  # not written through: the link's other name is the store's
        database.write_bytes(content)


def _import_into(root: Path, archive: Path, debian: Path) -> None:
    """Run a containerd of its own over `root` for as long as it takes to import `archive`."""
    scratch = root.with_name(f"{root.name}.state")
    scratch.mkdir()
    socket, config = scratch / "c.sock", scratch / "config.toml"
    config.write_text(
        f'version = 3\nroot = "{root}"\nstate = "{scratch}/state"\n'
        'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images",'
        ' "io.containerd.cri.v1.runtime", "io.containerd.internal.v1.opt",'
        ' "io.containerd.nri.v1.nri"]\n'
        f'[grpc]\n  address = "{socket}"\n'
    )
    # its mounts stay in a namespace of its own, and it dies with this process
    command = ["unshare", "--mount", "--propagation=private", "--pid", "--fork", "--mount-proc"]
    command += ["--kill-child=KILL", str(executable(debian, "containerd")), "--config", str(config)]
    with (scratch / "log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        _wait_for(process, socket, scratch / "log")
        ctr = executable(debian, "ctr")
        run(ctr, "--address", socket, "--namespace", NAMESPACE, "images", "import", archive)
        os.sync()
    finally:
        _stop(process)
        shutil.rmtree(scratch)


def _wait_for(process: subprocess.Popen[bytes], socket: Path, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not accepts(str(socket)):
        if process.poll() is not None or time.monotonic() > deadline:
            raise PermanentError(
                f"containerd to start within {_START_SECONDS} s",
                "nothing that answers",
                f"read what it printed: {log.read_text()[-1000:]}",
            )
        time.sleep(0.1)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End containerd so that it closes its databases."""
    child = run("ps", "--ppid", str(process.pid), "-o", "pid=").strip()
    if child:
        run("kill", "-TERM", child)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()  # --kill-child ends containerd with it
        process.wait()
