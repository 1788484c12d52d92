"""What the rules say, checked by promtool; no predictor and no server is started."""

import json
import math
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import yaml
from tests.fixtures.waiting import PATIENCE
from tests.monitoring.conftest import (
    ALERTS,
    MONITORING,
    PAGE,
    RECORDED,
    RUNBOOK,
    read_configuration,
    read_groups,
    read_scrape_config,
)
from tests.testbed.monitoring import MonitoringPrograms

from viewfinder_components.formats.drift_reference import DriftReference, Measure
from viewfinder_components.monitoring.statistic import compare_counts

CASES = yaml.safe_load((Path(__file__).parent / "alerts.yaml").read_text("utf-8"))
PREDICTOR = {"namespace": "shop", "inferenceservice": "fruit"}


def promtool(programs: MonitoringPrograms, *arguments: str | Path) -> None:
    command = [programs.promtool, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_are_valid(programs: MonitoringPrograms, rule_file: Path) -> None:
    promtool(programs, "check", "rules", rule_file)


def test_the_page_cuts_out_all_rules(rule_file: Path) -> None:
    assert yaml.safe_load(rule_file.read_text("utf-8")) == {"groups": read_groups()}


def test_prometheus_takes_the_page_s_configuration(
    programs: MonitoringPrograms, rule_file: Path, tmp_path: Path
) -> None:
    """Debian's Prometheus is built without the search in Kubernetes, so this is taken out."""
    configuration = read_configuration()
    assert configuration["rule_files"] == [rule_file.name]
    (job,) = configuration["scrape_configs"]
    assert job.pop("kubernetes_sd_configs") == [{"role": "pod"}]
    (tmp_path / rule_file.name).write_bytes(rule_file.read_bytes())
    path = tmp_path / "prometheus.yaml"
    path.write_text(yaml.safe_dump(configuration))
    promtool(programs, "check", "config", path)


def test_the_page_s_configuration_does_what_the_pod_monitor_does() -> None:
    """Both select the same pods and give them the same labels."""
    monitor = yaml.safe_load((MONITORING / "podmonitor.yaml").read_text("utf-8"))["spec"]
    job = read_scrape_config()
    (endpoint,) = monitor["podMetricsEndpoints"]
    snake = [
        {{"sourceLabels": "source_labels", "targetLabel": "target_label"}.get(key, key): value
         for key, value in step.items()}
        for step in endpoint["relabelings"]
    ]  # fmt: skip
    for step in snake:
        assert step in job["relabel_configs"]
    labels = monitor["selector"]["matchLabels"]
    kept = [step for step in job["relabel_configs"] if step.get("action") == "keep"]
    assert {step["source_labels"][0]: step["regex"] for step in kept} == {
        "__meta_kubernetes_pod_label_" + re.sub(r"\W", "_", name): value
        for name, value in labels.items()
    }


def test_every_alert_has_a_case_that_fires_and_one_that_does_not() -> None:
    for fires in (True, False):
        assert {one["alert"] for one in CASES if ("description" in one) is fires} == set(ALERTS)


def test_the_alerts_fire_when_they_should(
    programs: MonitoringPrograms, rule_file: Path, tmp_path: Path
) -> None:
    path = tmp_path / "test.yaml"
    tests = {"rule_files": [str(rule_file)], "tests": [write_test(one) for one in CASES]}
    path.write_text(yaml.safe_dump(tests | {"evaluation_interval": "1m"}))
    promtool(programs, "test", "rules", path)


def write_test(case: dict[str, Any]) -> dict[str, Any]:
    """Return a case as promtool wants it."""
    labels = ", ".join(f'{name}="{value}"' for name, value in PREDICTOR.items())
    series = [
        {"series": name.replace("$", labels), "values": str(values)}
        for name, values in case["series"].items()
    ]
    expected = []
    if "description" in case:
        rule = ALERTS[case["alert"]]
        own = PREDICTOR if case.get("predictor", True) else {"namespace": PREDICTOR["namespace"]}
        told = rule["annotations"] | {"description": case["description"]}
        told |= case.get("annotations", {})
        expected = [
            {
                "exp_labels": own | rule["labels"] | case["labels"],
                "exp_annotations": told,
            }
        ]
    asked = {"eval_time": case["at"], "alertname": case["alert"], "exp_alerts": expected}
    return {
        "name": f"{case['alert']}: {case['case']}",
        "interval": "1m",
        "input_series": series,
        "alert_rule_test": [asked],
    }


# Photos of each pod by bin, at ends of its processes: a counter that falls has begun again.
DRIFT_WINDOWS: dict[str, list[list[tuple[int, ...]]]] = {
    "one pod": [[(30,), (20,), (50,)]],
    "three pods, one without photos": [
        [(30,), (20,), (50,)],
        [(7,), (1,), (0,)],
        [(0,), (0,), (0,)],
    ],
    "a pod that was started again": [[(30, 10), (20, 5), (50, 0)]],
    "more photos than count": [[(3000,), (1000,), (900,)]],
    "a bin without photos": [[(10,), (0,), (2,)]],
}


@pytest.mark.parametrize("window", ["1h", "1d"])
def test_the_rules_compute_what_python_does(
    window: str, programs: MonitoringPrograms, rule_file: Path, tmp_path: Path
) -> None:
    """Compares promtool's values with `compare_counts`, after rounding to a millionth."""
    measure = Measure("brightness", (60.0, 90.0), (300, 200, 100), 20.0)
    reference = DriftReference(600, 0.01, 30, 2000, (measure,), {})
    tests = [
        {"name": name, "interval": "1m"}
        | describe_window(measure, reference, pods)
        | {"promql_expr_test": expect_shift(measure, reference, pods, window)}
        for name, pods in DRIFT_WINDOWS.items()
    ]
    path = tmp_path / "test.yaml"
    path.write_text(yaml.safe_dump({"rule_files": [str(rule_file)], "tests": tests}))
    promtool(programs, "test", "rules", path)


def describe_window(
    measure: Measure, reference: DriftReference, pods: list[list[tuple[int, ...]]]
) -> dict[str, Any]:
    """Return what Prometheus reads: five minutes after the start, and after every later one."""
    labels = ", ".join(f'{name}="{value}"' for name, value in PREDICTOR.items())
    labels += ', version="3"'
    known = {
        f'limit{{{labels}, measure="brightness"}}': measure.limit,
        f"reference_photos{{{labels}}}": reference.photos,
        f"least_photos{{{labels}}}": reference.least_photos,
        f"most_photos{{{labels}}}": reference.most_photos,
    }
    for place, share in enumerate(measure.shares.tolist()):
        known[f'reference_share{{{labels}, measure="brightness", bin="{place}"}}'] = share
    series = [
        {"series": f"viewfinder_drift_{name}", "values": f"{value!r}x40"}
        for name, value in known.items()
    ]
    for number, pod in enumerate(pods):
        for place, counts in enumerate(pod):
            name = f'{{{labels}, measure="brightness", bin="{place}", pod="{number}"}}'
            values = ["0+0x5", *(f"{count}+0x5" for count in counts), f"{counts[-1]}+0x30"]
            series.append(
                {"series": f"viewfinder_drift_photos_total{name}", "values": " ".join(values)}
            )
    return {"input_series": series}


def expect_shift(
    measure: Measure, reference: DriftReference, pods: list[list[tuple[int, ...]]], window: str
) -> list[dict[str, Any]]:
    """Return what the rules should have recorded."""
    counts = np.array([[sum(bin_counts) for bin_counts in pod] for pod in pods], np.float64)
    shift = compare_counts(measure, counts.sum(axis=0), reference)
    labels = PREDICTOR | {"version": "3", "measure": "brightness", "server": "viewfinder"}
    text = ", ".join(f'{name}="{value}"' for name, value in labels.items())
    found = {"photos": shift.photos, "statistic": shift.statistic, "moved": shift.moved}
    return [
        {
            "expr": f"floor(inferenceservice_measure:viewfinder_drift:{name}{window} * 1e6 + 0.5)",
            "eval_time": "40m",
            "exp_samples": [{"labels": f"{{{text}}}", "value": math.floor(value * 1e6 + 0.5)}],
        }
        for name, value in found.items()
    ]


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_how_bad_it_is_and_what_to_do(name: str) -> None:
    alert = ALERTS[name]
    assert alert["labels"]["severity"] in {"critical", "warning", "info"}
    numbers = {"value", "limit"} if name == "ViewfinderDrift" else set()
    assert set(alert["annotations"]) == {"summary", "description", "runbook_url"} | numbers
    address, _, anchor = alert["annotations"]["runbook_url"].partition("#")
    assert address.endswith("/docs/runbook.md")
    headings = re.findall(r"^## (.+)$", RUNBOOK.read_text("utf-8"), re.M)
    assert anchor == name.lower()
    assert name in headings


def test_the_runbook_explains_no_other_alerts() -> None:
    headings = re.findall(r"^## (Viewfinder.+)$", RUNBOOK.read_text("utf-8"), re.M)
    assert sorted(headings) == sorted(ALERTS)


def test_the_page_lists_every_alert_with_its_severity() -> None:
    rows = re.findall(
        r"^\| \[`(Viewfinder\w+)`\]\(runbook\.md#(\w+)\) \| (\w+) \|", PAGE.read_text("utf-8"), re.M
    )
    assert {name: severity for name, _, severity in rows} == {
        name: alert["labels"]["severity"] for name, alert in ALERTS.items()
    }
    assert all(anchor == name.lower() for name, anchor, _ in rows)


def test_the_page_lists_every_recorded_series() -> None:
    text = PAGE.read_text("utf-8")
    listed = set(re.findall(r"^\| `(inferenceservice\w*:viewfinder_\w+:\w+)`", text, re.M))
    assert listed == {
        re.sub(r"rate(5m|30m|1h|6h|3d)$", "rate5m", one["record"]).replace("1d", "1h")
        for one in RECORDED
    }


@pytest.mark.parametrize("kind", ["podmonitor", "prometheusrule"])
def test_prometheus_operator_takes_the_objects(kind: str, operator_schemas: Path) -> None:
    """Its definitions allow unknown fields nowhere, as the API server would drop them."""
    definition = yaml.safe_load(
        (operator_schemas / f"monitoring.coreos.com_{kind}s.yaml").read_text()
    )
    (version,) = definition["spec"]["versions"]
    document = yaml.safe_load((MONITORING / f"{kind}.yaml").read_text("utf-8"))
    assert document["apiVersion"] == f"monitoring.coreos.com/{version['name']}"
    schema = close(version["schema"]["openAPIV3Schema"])
    schema["properties"]["metadata"] = {}
    jsonschema.Draft202012Validator(schema).validate(document)


def close(schema: Any) -> Any:
    """Refuse fields that a schema does not name."""
    if isinstance(schema, list):
        return [close(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: close(value) for name, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed


@pytest.fixture(scope="session")
def operator_schemas() -> Path:
    """The definitions of Prometheus Operator's kinds, from its Go module."""
    module = "github.com/prometheus-operator/prometheus-operator@v0.82.2"
    try:
        done = subprocess.run(
            ["go", "mod", "download", "-json", module],
            capture_output=True, text=True, timeout=PATIENCE, check=True, cwd="/",
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"needs Go and its module proxy: {error}")
    found = json.loads(done.stdout)
    assert found["Sum"] == "h1:qalPLM8wkvCtu9aHcoSKGDpCZR3aWRMKeHev5WomTBQ="
    return Path(found["Dir"]) / "example/prometheus-operator-crd"
