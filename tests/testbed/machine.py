"""What the test bed needs of the machine: Linux, root, Go, Debian's packages, control groups."""

import functools
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

from tests.testbed import versions
from tests.testbed.commands import run
from tests.testbed.phases import phase, say

from viewfinder_components.errors import PermanentError

CGROUPS = Path("/sys/fs/cgroup")
# Each controller has a hierarchy of its own in version 1; kubelet and runc want these.
V1_CONTROLLERS = ("cpu", "cpuset", "memory", "pids", "devices", "freezer", "blkio")
_OPTIONAL_V1 = ("cpuacct", "systemd", "hugetlb", "perf_event", "net_cls", "net_prio")
V2_CONTROLLERS = ("cpu", "cpuset", "memory", "pids")


def check_root() -> None:
    """Refuse a machine or a user that can have no test bed.

    Raises:
        PermanentError: It is not Linux, or the user is not root.
    """
    if platform.system() != "Linux":
        raise PermanentError(
            "Linux", platform.system(), "use a cluster of your own: set KUBECONFIG (tests/testbed)"
        )
    if os.geteuid() != 0:
        raise PermanentError(
            "root, for namespaces and mounts", f"user id {os.geteuid()}", "run it as root"
        )


def check() -> None:
    """Refuse a machine that lacks something, and say what to do about it.

    Raises:
        PermanentError: Linux, root, a package, Go or the control groups are not as needed.
    """
    check_root()
    missing = missing_packages()
    if missing:
        raise PermanentError(
            f"the packages {' '.join(versions.APT_PACKAGES)}",
            f"a machine without {' '.join(missing)}",
            "run `python -m tests.testbed setup`",
        )
    check_go()
    cgroup_version()


def missing_packages() -> list[str]:
    """Return the packages of `versions.APT_PACKAGES` that this machine lacks."""
    if shutil.which("dpkg-query") is None:
        raise PermanentError(
            "Debian or one of its kin", platform.platform(), "use a cluster of your own"
        )
    asked = ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\\n", *versions.APT_PACKAGES]
    found = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    installed = {line.split()[0] for line in found.splitlines() if line.endswith(" installed")}
    return [
        package
        for package, program in versions.APT_PACKAGES.items()
        if package not in installed and not (program and shutil.which(program))
    ]


def install_packages() -> None:
    """Install what is missing, with apt, which removes nothing for it.

    Raises:
        PermanentError: apt cannot, or would have to remove another package.
    """
    check_root()
    missing = missing_packages()
    if not missing:
        say("every package is installed")
        return
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    with phase(f"installing {' '.join(missing)}", "1 min"):
        run("apt-get", "update", "-qq", environment=quiet)
        run(
            "apt-get",
            "install",
            "-y",
            "-q",  # with -qq, apt does not name what it would have to remove
            "--no-install-recommends",
            "--no-remove",
            *missing,
            environment=quiet,
        )


@functools.cache
def check_go() -> str:
    """Return Go's version, such as "1.26.8".

    Raises:
        PermanentError: Go is missing or too old.
    """
    wanted = ".".join(map(str, versions.GO))
    remedy = f"install Go {wanted} or newer and put it on PATH"
    if shutil.which("go") is None:
        raise PermanentError(f"Go {wanted}", "no program `go`", remedy)
    printed = run("go", "env", "GOVERSION").strip()
    numbers = re.match(r"go(\d+)\.(\d+)", printed)
    if numbers is None or tuple(map(int, numbers.groups())) < versions.GO:
        raise PermanentError(f"Go {wanted} or newer", printed, remedy)
    return printed.removeprefix("go")


def architecture() -> str:
    """Return this machine's architecture as images name it, such as "amd64"."""
    names = {"x86_64": "amd64", "aarch64": "arm64"}
    return names.get(platform.machine(), platform.machine())


def cgroup_version() -> int:
    """Return 1 or 2.

    Raises:
        PermanentError: Neither version offers the controllers that Kubernetes needs.
    """
    if (CGROUPS / "cgroup.controllers").exists():
        offered = (CGROUPS / "cgroup.controllers").read_text().split()
        missing = [name for name in V2_CONTROLLERS if name not in offered]
        version = 2
    else:
        missing = [name for name in V1_CONTROLLERS if not (CGROUPS / name).is_dir()]
        version = 1
    if missing:
        raise PermanentError(
            f"the control groups {', '.join(V2_CONTROLLERS)} in {CGROUPS}",
            f"version {version} without {', '.join(missing)}",
            "run on a machine, not in a container, or give the container its cgroups",
        )
    return version


def v1_hierarchies() -> list[Path]:
    """Return the mounted hierarchies of version 1 in which a pod gets a group."""
    names = [*V1_CONTROLLERS, *_OPTIONAL_V1]
    return [CGROUPS / name for name in names if (CGROUPS / name).is_dir()]


def debian_mirror() -> str:
    """Return the address of the mirror from which this machine gets Debian's packages.

    Raises:
        PermanentError: apt's sources name none.
    """
    given = os.environ.get("VIEWFINDER_DEBIAN_MIRROR")
    if given:
        return given
    folder = Path("/etc/apt")
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    for file in files:
        found = find_mirror(file.read_text()) if file.is_file() else None
        if found:
            return found
    raise PermanentError(
        "Debian's mirror in /etc/apt",
        "none (is this another distribution?)",
        "set VIEWFINDER_DEBIAN_MIRROR to a mirror's address",
    )


def find_mirror(sources: str) -> str | None:
    """Return the first address of Debian itself in apt's sources, in either format."""
    address = r"(\S+/debian)/?(?:\s|$)"
    found = re.search(rf"^(?:URIs:|deb(?:\s+\[[^]]*\])?)\s+{address}", sources, re.MULTILINE)
    return found[1] if found else None
