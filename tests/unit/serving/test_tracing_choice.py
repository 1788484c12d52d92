"""Whether traces are written, by the setting and OpenTelemetry's variables."""

import os
import subprocess
import sys

import pytest
from tests.serving.otlp_receiver import forget_settings

from viewfinder_components.errors import PermanentError, UsageError
from viewfinder_serving.tracing.choice import tracing

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_settings(monkeypatch)


@pytest.mark.parametrize(
    ("asked", "variables", "is_on"),
    [
        (None, {}, False),
        (True, {}, True),
        (None, {ENDPOINT: NOWHERE}, True),
        (None, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{NOWHERE}/v1/traces"}, True),
        (False, {ENDPOINT: NOWHERE}, False),
        (None, {ENDPOINT: NOWHERE, "OTEL_TRACES_EXPORTER": "none"}, False),
        (True, {ENDPOINT: NOWHERE, "OTEL_SDK_DISABLED": "true"}, False),
        (None, {ENDPOINT: NOWHERE, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, True),
    ],
)
def test_the_setting_decides_and_else_the_environment(monkeypatch, asked, variables, is_on):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with tracing(asked, {}) as spans:
        assert (spans is not None) == is_on


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (ENDPOINT, "collector:4318"),
        (ENDPOINT, "http://[::1"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "-1"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "-1"),
        ("OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER", "bogus"),
    ],
)
def test_wrong_variables_end_the_start_only_if_traces_were_asked_for(
    monkeypatch, caplog, name, value
):
    monkeypatch.setenv(ENDPOINT, NOWHERE)
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match="environment variable"), tracing(True, {}):
        pass
    with tracing(None, {}) as spans:
        assert spans is None
    assert "traces are off: expected" in caplog.text


def test_variables_that_are_read_while_opentelemetry_is_imported_are_checked():
    program = (
        "import logging; from viewfinder_serving.tracing.choice import tracing\n"
        "logging.basicConfig()\n"
        "with tracing(None, {}) as spans: assert spans is None"
    )
    variables = {ENDPOINT: NOWHERE, "OTEL_PROPAGATORS": "bogus"}
    found = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | variables,
    )
    assert "traces are off: expected environment variables that Open" in found.stderr
    assert "Traceback" not in found.stderr


def test_packages_that_are_not_installed_are_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "viewfinder_serving.tracing.export", None)
    with pytest.raises(PermanentError, match=r"'viewfinder\[serving\]'"), tracing(True, {}):
        pass


def test_without_traces_nothing_of_opentelemetry_is_imported():
    program = (
        "import sys; from viewfinder_serving.tracing.choice import tracing\n"
        "with tracing(None, {}): print([name for name in sys.modules if 'opentelemetry' in name])"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout == "[]\n"
