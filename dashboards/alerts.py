"""The alerts of `manifests/monitoring/prometheusrule.yaml`, so that a panel shows what they ask."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

import yaml  # type: ignore[import-untyped]

MONITORING = Path(__file__).parents[1] / "manifests/monitoring"
# A number, or a product of numbers as in `> 14.4 * 0.005`.
_LIMIT = re.compile(r"[<>]=? ([\d.]+(?: \* [\d.]+)*)")


@dataclass(frozen=True)
class Alert:
    """What a panel needs to know of an alert."""

    name: str
    severity: str
    """`critical`, `warning` or `info`"""
    runbook: str
    """Address of what to do"""
    limits: tuple[float, ...]
    """The numbers with which its expression compares, in their order"""


def read_alerts() -> dict[str, Alert]:
    """Return the alerts by their names."""
    written = yaml.safe_load((MONITORING / "prometheusrule.yaml").read_text("utf-8"))
    rules = [rule for group in written["spec"]["groups"] for rule in group["rules"]]
    return {
        rule["alert"]: Alert(
            name=rule["alert"],
            severity=rule["labels"]["severity"],
            runbook=rule["annotations"]["runbook_url"],
            limits=tuple(
                round(math.prod(float(number) for number in found.split(" * ")), 9)
                for found in _LIMIT.findall(rule["expr"])
            ),
        )
        for rule in rules
        if "alert" in rule
    }


ALERTS = read_alerts()
# The page itself, without the place of an alert.
(RUNBOOK,) = {alert.runbook.partition("#")[0] for alert in ALERTS.values()}
