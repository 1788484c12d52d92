"""What the log says about a collector that does not take spans."""

import contextlib
import logging
from typing import ClassVar

import pytest
from tests.fixtures.loopback import QuietHandler, serving
from tests.fixtures.waiting import wait_for
from tests.serving.otlp_receiver import forget_settings

from viewfinder_serving.tracing.export import exporting
from viewfinder_serving.tracing.request_trace import RequestTrace
from viewfinder_serving.tracing.span_writer import Finished


class Collector(QuietHandler):
    status: ClassVar[int] = 400
    asked: ClassVar[int] = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).asked += 1
        self.send(self.status, b"", "application/x-protobuf")


def test_a_streak_of_losses_is_one_line(monkeypatch, caplog):
    forget_settings(monkeypatch)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "1")
    caplog.set_level(logging.INFO, "viewfinder_serving")
    with serving(Collector) as url:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        with exporting({}) as spans:
            for status in (400, 200, 400):
                Collector.status = status
                for _ in range(3):
                    before = Collector.asked
                    spans._writer.write(RequestTrace(), {}, Finished("POST", {}))
                    wait_for(lambda seen=before: Collector.asked > seen, "spans", pause=0.01)
    said = [one.message for one in caplog.records if one.name == exporting.__module__]
    assert said[0] == "traces are sent to a collector, in batches"
    lost = "spans are lost (this is not logged again until some arrive): Failed to export spans "
    assert [text.partition("batch")[0] for text in said[1:]] == [lost, "spans arrive again", lost]
    assert "Bad Request" in said[1]
    assert not [one for one in caplog.records if one.name.startswith("opentelemetry")]
    assert logging.getLogger("opentelemetry").propagate


def test_a_clients_headers_are_no_loss_of_spans(monkeypatch, caplog):
    """Such a client could else keep a real loss out of the log."""
    forget_settings(monkeypatch)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    hostile = {
        "traceparent": f"00-{'a' * 32}-{'b' * 16}-01",
        "tracestate": "spans are well",
        "baggage": "spans are well",
    }
    with exporting({}) as spans:
        spans._writer.write(RequestTrace(), hostile, Finished("POST", {}))
        assert "spans are" not in caplog.text


def test_headers_that_are_not_valid_stay_out_of_the_log(monkeypatch, caplog):
    forget_settings(monkeypatch)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "Bearer my-secret")
    with exporting({}):
        pass
    assert "OpenTelemetry: a header of the environment is not valid" in caplog.text
    assert "my-secret" not in caplog.text


class EndlessCollector(Collector):
    sent: ClassVar[int] = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            while self.sent < 64 << 20:
                self.wfile.write(bytes(1 << 20))
                type(self).sent += 1 << 20


def test_an_answer_without_end_is_not_read(monkeypatch, caplog):
    forget_settings(monkeypatch)
    with serving(EndlessCollector) as url:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        with exporting({}) as spans:
            spans._writer.write(RequestTrace(), {}, Finished("POST", {}))
    assert EndlessCollector.sent < 32 << 20
    assert "spans are lost" not in caplog.text


@pytest.mark.parametrize("name", [None, "shop"])
def test_the_environment_names_the_service(monkeypatch, name):
    forget_settings(monkeypatch)
    if name:
        monkeypatch.setenv("OTEL_SERVICE_NAME", name)
    with exporting({"viewfinder.model.name": "fruit"}) as spans:
        resource = spans._writer._tracer.resource.attributes
    assert resource["service.name"] == (name or "viewfinder-predictor")
    assert resource["viewfinder.model.name"] == "fruit"
