"""What the log says about a collector that does not take spans."""

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


@pytest.mark.parametrize("name", [None, "shop"])
def test_the_environment_names_the_service(monkeypatch, name):
    forget_settings(monkeypatch)
    if name:
        monkeypatch.setenv("OTEL_SERVICE_NAME", name)
    with exporting({"viewfinder.model.name": "fruit"}) as spans:
        resource = spans._writer._tracer.resource.attributes
    assert resource["service.name"] == (name or "viewfinder-predictor")
    assert resource["viewfinder.model.name"] == "fruit"
