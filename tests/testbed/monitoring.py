"""Prometheus and Alertmanager: this machine's, or Debian's packages, unpacked and not installed."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.testbed.cache import building, home, key_of
from tests.testbed.commands import run
from tests.testbed.phases import phase
from tests.testbed.programs import executable

PACKAGES = ("prometheus", "prometheus-alertmanager")


@dataclass(frozen=True)
class MonitoringPrograms:
    """How the programs are called.

    Attributes:
        prometheus: The server.
        promtool: What checks rules and tests them.
        alertmanager: What sends alerts on: the first words of its command.
    """

    prometheus: Path
    promtool: Path
    alertmanager: tuple[str | Path, ...]


def find_programs() -> MonitoringPrograms:
    """Return the programs on PATH, or else those of Debian's packages.

    Raises:
        PermanentError: A program is missing, and apt cannot download the packages.
    """
    alertmanager = shutil.which("alertmanager") or shutil.which("prometheus-alertmanager")
    on_path = shutil.which("prometheus"), shutil.which("promtool"), alertmanager
    if all(on_path):
        prometheus, promtool, alertmanager = map(Path, filter(None, on_path))
        return MonitoringPrograms(prometheus, promtool, (alertmanager,))
    folder = _unpack()
    # Debian's Alertmanager reads its templates from /usr/share, where only this process sees them.
    inside = (
        *("unshare", "--map-root-user", "--mount"),
        *("sh", "-c", 'mount --bind "$0" /usr/share && exec "$@"', folder / "usr/share"),
    )
    return MonitoringPrograms(
        executable(folder, "prometheus"),
        executable(folder, "promtool"),
        (*inside, executable(folder, "prometheus-alertmanager")),
    )


def _unpack() -> Path:
    target = home() / "programs" / f"debian-{key_of(*PACKAGES)}"
    if target.exists():
        return target
    with phase(f"unpacking {' and '.join(PACKAGES)}", "20 s"), building(target) as draft:
        apt = draft / "apt"
        for name in ("lists/partial", "cache/archives/partial"):
            (apt / name).mkdir(parents=True)
        options = [
            f"-oDir::State::Lists={apt}/lists",  # the machine's may be old, and stay as they are
            f"-oDir::Cache={apt}/cache",
            "-oAPT::Sandbox::User=root",  # the folder may be closed to apt's own user
        ]
        run("apt-get", *options, "update", "-qq")
        run("apt-get", *options, "download", "-qq", *PACKAGES, cwd=apt)
        for archive in sorted(apt.glob("*.deb")):
            run("dpkg-deb", "--extract", archive, draft)
        shutil.rmtree(apt)
    return target
