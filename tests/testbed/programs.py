"""Build the cluster's programs from Go modules, and unpack those that Debian builds.

Each set of programs has a folder in `go/` with a `go.mod` that pins it and a `go.sum` that holds
the digest of every module it is built from. A set is built once for its pins and its Go.
"""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.testbed import versions
from tests.testbed.cache import building, home, key_of
from tests.testbed.commands import run
from tests.testbed.machine import check_go, debian_mirror
from tests.testbed.phases import phase

GO_FOLDER = Path(__file__).parent / "go"
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclass(frozen=True)
class ProgramSet:
    """Programs that are built together from one Go module.

    Attributes:
        name: The folder in `go/`, and how the cache calls it.
        module: The Go module.
        packages: The programs' packages below the module; "" is the module itself.
        usually: How long a build takes with a cold and with a warm Go cache, on two cores.
        version_variable: The Go variable that holds the version a program reports.
    """

    name: str
    module: str
    packages: tuple[str, ...] = ("",)
    usually: str = "2 min; 10 s with a warm Go cache"
    version_variable: str = ""

    @property
    def folder(self) -> Path:
        """Where its `go.mod` and `go.sum` are."""
        return GO_FOLDER / self.name

    @property
    def version(self) -> str:
        """The module's version in `go.mod`, such as "v1.36.3"; empty for our own."""
        pinned = re.search(
            rf"^\s*(?:require )?{re.escape(self.module)} (v\S+)",
            (self.folder / "go.mod").read_text(),
            re.MULTILINE,
        )
        return pinned[1] if pinned else ""

    @property
    def flags(self) -> list[str]:
        """What `go build` is told."""
        linker = "-s -w"
        if self.version_variable:
            linker += f" -X {self.version_variable}={self.version}"
        return ["-mod=readonly", "-trimpath", "-buildvcs=false", f"-ldflags={linker}"]


KUBERNETES = ProgramSet(
    "kubernetes",
    "k8s.io/kubernetes",
    tuple(
        f"cmd/{name}"
        for name in (
            "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy",
        )
    ),
    "6 min; 40 s with a warm Go cache",
    "k8s.io/component-base/version.gitVersion",
)  # fmt: skip
KUBECTL = ProgramSet(
    "kubernetes",
    "k8s.io/kubernetes",
    ("cmd/kubectl",),
    "4 min; 10 s with a warm Go cache",
    "k8s.io/component-base/version.gitVersion",
)
COREDNS = ProgramSet("coredns", "github.com/coredns/coredns")
MINIO = ProgramSet("minio", "github.com/minio/minio")
GCS = ProgramSet("fake-gcs-server", "github.com/fsouza/fake-gcs-server")
KNATIVE = ProgramSet(
    "knative",
    "knative.dev/serving",
    tuple(f"cmd/{name}" for name in ("activator", "autoscaler", "controller", "queue", "webhook")),
    "5 min; 30 s with a warm Go cache",
)
ACTIONLINT = ProgramSet(
    "actionlint", "github.com/rhysd/actionlint", ("cmd/actionlint",), usually="20 s"
)
PAUSE = ProgramSet("pause", "viewfinder.test/pause", usually="5 s")


def kserve(version: str) -> ProgramSet:
    """Return KServe's controller of a version, such as "0.20.0"."""
    return ProgramSet(f"kserve-{version}", "github.com/kserve/kserve", ("cmd/manager",))


def build(programs: ProgramSet) -> Path:
    """Return the folder of a set's programs; build them unless the cache has them."""
    flags = programs.flags
    key = key_of(*sorted(programs.folder.iterdir()), *flags, *programs.packages, check_go())
    target = home() / "programs" / f"{programs.name}-{key}"
    if target.exists():
        return target
    packages = [f"{programs.module}/{name}".rstrip("/") for name in programs.packages]
    names = ", ".join(Path(package).name for package in packages)
    what = f"building {names} {programs.version}".strip()
    with phase(what, programs.usually), building(target) as draft:
        # nice: other work on this machine should not stutter because of a test bed
        run(
            "nice", "go", "build", *flags, "-o", f"{draft}/", *packages,
            cwd=programs.folder, environment=_GO_ENVIRONMENT,
        )  # fmt: skip
    return target


def find_kubectl() -> Path:
    """Return this machine's kubectl; build one where it has none."""
    found = shutil.which("kubectl")
    return Path(found) if found else build(KUBECTL) / "kubectl"


_GO_ENVIRONMENT = {"CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": ""}


def source_folder(programs: ProgramSet, module: str = "") -> Path:
    """Return where a module lies unpacked, with the files that are no Go.

    Args:
        programs: The set that pins it.
        module: One of the modules that the set is built from; empty for the set's own.
    """
    module = module or programs.module
    run(
        "go", "mod", "download", module,
        cwd=programs.folder, environment=_GO_ENVIRONMENT,
    )  # fmt: skip
    listed = run(
        "go", "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", module,
        cwd=programs.folder, environment=_GO_ENVIRONMENT,
    )  # fmt: skip
    return Path(listed.strip())


def unpack_newer_packages() -> Path:
    """Return a folder with containerd and etcd, unpacked from a newer Debian's packages.

    They are not installed: the machine keeps its own.
    """
    names = versions.NEWER_PACKAGES
    target = home() / "programs" / f"debian-{key_of(versions.NEWER_SUITE, *names)}"
    if target.exists():
        return target
    what = f"unpacking {' and '.join(names)} of Debian {versions.NEWER_SUITE}"
    with phase(what, "20 s"), building(target) as draft:
        apt = draft / "apt"
        _download(apt)
        for archive in sorted(apt.glob("*.deb")):
            run("dpkg-deb", "--extract", archive, draft)
        shutil.rmtree(apt)
    return target


def _download(folder: Path) -> None:
    """Download the packages with lists of their own, so that the machine's stay as they are."""
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    source = f"deb [signed-by={_KEYRING}] {debian_mirror()} {versions.NEWER_SUITE} main\n"
    (folder / "sources.list").write_text(source)
    options = [
        f"-oDir::Etc::SourceList={folder}/sources.list",
        "-oDir::Etc::SourceParts=/dev/null",
        f"-oDir::State::Lists={folder}/lists",
        f"-oDir::Cache={folder}/cache",
        "-oAPT::Sandbox::User=root",  # the folder may be closed to apt's own user
    ]
    run("apt-get", *options, "update", "-qq")
    run("apt-get", *options, "download", "-qq", *versions.NEWER_PACKAGES, cwd=folder)


def executable(folder: Path, name: str) -> Path:
    """Return a program's path in a folder of unpacked packages or built programs."""
    for place in (folder, folder / "usr" / "bin"):
        if os.access(place / name, os.X_OK) and (place / name).is_file():
            return place / name
    raise FileNotFoundError(f"{name} in {folder}")
