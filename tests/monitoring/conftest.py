"""The rules of `manifests/monitoring`, and the programs that use them.

Without Prometheus and Alertmanager, and where apt cannot download them, the tests that need them
are skipped, and say so; with `CI` set they fail.
"""

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.fixtures.waiting import PATIENCE
from tests.testbed.monitoring import MonitoringPrograms, find_programs

from viewfinder_components.errors import PermanentError

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "manifests/monitoring"
PAGE = ROOT / "docs/monitoring.md"
RUNBOOK = ROOT / "docs/runbook.md"

Rule = dict[str, Any]


def read_groups() -> list[dict[str, Any]]:
    """Return the groups of rules."""
    rule = yaml.safe_load((MONITORING / "prometheusrule.yaml").read_text("utf-8"))
    groups: list[dict[str, Any]] = rule["spec"]["groups"]
    return groups


def read_configuration() -> dict[str, Any]:
    """Return docs/monitoring.md's configuration of a Prometheus without the operator."""
    blocks = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    (text,) = [block for block in blocks if "scrape_configs:" in block]
    configuration: dict[str, Any] = yaml.safe_load(text)
    return configuration


def read_scrape_config() -> dict[str, Any]:
    """Return its only job."""
    (job,) = read_configuration()["scrape_configs"]
    return dict(job)


RULES: list[Rule] = [rule for group in read_groups() for rule in group["rules"]]
ALERTS: dict[str, Rule] = {rule["alert"]: rule for rule in RULES if "alert" in rule}
RECORDED: list[Rule] = [rule for rule in RULES if "record" in rule]


@pytest.fixture(scope="session")
def programs() -> MonitoringPrograms:
    """Prometheus, promtool and Alertmanager."""
    try:
        return find_programs()
    except PermanentError as error:
        if "CI" in os.environ:
            raise
        pytest.skip(f"install Prometheus and Alertmanager: {error}")


@pytest.fixture(scope="session")
def alertmanager(programs: MonitoringPrograms) -> tuple[str, ...]:
    """Alertmanager's command. The unpacked one needs namespaces, which some machines refuse."""
    command = tuple(map(str, programs.alertmanager))
    tried = subprocess.run(
        [*command, "--version"], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    if tried.returncode:
        # Where everything is to be tested, what cannot be tested is a failure.
        give_up = pytest.fail if "CI" in os.environ else pytest.skip
        give_up(f"install Alertmanager, for example Debian's package: {tried.stderr.strip()}")
    return command


@pytest.fixture(scope="session")
def rule_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rules for Prometheus without its operator, cut out as docs/monitoring.md says it."""
    found = re.search(r"^    (sed .*prometheusrule\.yaml) > (\S+)$", PAGE.read_text("utf-8"), re.M)
    assert found, "expected the command that cuts out the rules in docs/monitoring.md"
    path = tmp_path_factory.mktemp("rules") / found[2]
    with path.open("wb") as file:
        subprocess.run(shlex.split(found[1]), check=True, cwd=ROOT, stdout=file, timeout=PATIENCE)
    return path
