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
    """Where the programs are.

    Attributes:
        prometheus: The server.
        promtool: What checks rules and tests them.
        alertmanager: What sends alerts on.
    """

    prometheus: Path
    promtool: Path
    alertmanager: Path


def find_programs() -> MonitoringPrograms:
    """Return the programs on PATH, or else those of Debian's packages.

    Raises:
        PermanentError: A program is missing, and apt cannot download the packages.
    """
    on_path = [
        shutil.which("prometheus"),
        shutil.which("promtool"),
        shutil.which("alertmanager") or shutil.which("prometheus-alertmanager"),
    ]
    found = [Path(program) for program in on_path if program]
    if len(found) < len(on_path):
        folder = _unpack()
        names = ("prometheus", "promtool", "prometheus-alertmanager")
        found = [executable(folder, name) for name in names]
    return MonitoringPrograms(*found)


def _unpack() -> Path:
    target = home() / "programs" / f"debian-{key_of(*PACKAGES)}"
    if target.exists():
        return target
    with phase(f"unpacking {' and '.join(PACKAGES)}", "20 s"), building(target) as draft:
        # The folder may be closed to apt's own user.
        options = ("-qq", "-oAPT::Sandbox::User=root")
        run("apt-get", *options, "download", *PACKAGES, cwd=draft)
        for archive in sorted(draft.glob("*.deb")):
            run("dpkg-deb", "--extract", archive, draft)
            archive.unlink()
    return target
