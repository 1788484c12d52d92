"""What a predictor says of itself at /metrics."""

import re
import time
from pathlib import Path

import grpc
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from tests.fixtures.ports import free_port
from tests.fixtures.servables import LABELS
from tests.fixtures.waiting import PATIENCE, wait_for
from tests.serving.conftest import run_predictor
from tests.serving.memory_group import memory_group

PAGE = Path(__file__).parents[2] / "docs/monitoring.md"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_metrics_move(predictor, photo):
    names = [
        'viewfinder_requests_total{outcome="answered",protocol="v1",status="200"}',
        'viewfinder_requests_total{outcome="refused",protocol="v2",status="400"}',
        'viewfinder_request_seconds_count{protocol="v1"}',
        "viewfinder_photos_total",
        'viewfinder_photos_refused_total{kind="not_a_photo"}',
        "viewfinder_decode_seconds_count",
        "viewfinder_inference_seconds_count",
        "viewfinder_queue_seconds_count",
        'request_predict_seconds_count{model_name="colour"}',
    ]
    before = [predictor.metric(name) for name in names]
    assert predictor.predict(photo("red"), photo("blue")).status_code == 200
    assert predictor.predict(b"text").status_code == 400
    assert predictor.client.post(predictor.infer_path, json={}).status_code == 400
    moved = [predictor.metric(name) - was for name, was in zip(names, before, strict=True)]
    assert moved == [1, 1, 2, 2, 1, 2, 2, 3, 3]
    assert predictor.metric("viewfinder_ready") == 1
    assert predictor.metric("viewfinder_requests_in_flight") == 0


def test_predictions_are_counted_by_class_and_confidence(predictor, photo):
    names = [f'viewfinder_predictions_total{{predicted="{label}"}}' for label in LABELS]
    names += ['viewfinder_confidence_bucket{le="0.9"}', 'viewfinder_confidence_bucket{le="1.0"}']
    names += ['viewfinder_request_photos_bucket{le="2.0"}', "viewfinder_request_photos_sum"]
    before = [predictor.metric(name) for name in names]
    answer = predictor.predict(photo("red"), photo("blue"), photo("red"))
    assert [row["label"] for row in answer.json()["predictions"]] == ["red", "blue", "red"]
    moved = [predictor.metric(name) - was for name, was in zip(names, before, strict=True)]
    assert moved == [1, 0, 2, 0, 3, 0, 3]


def test_the_start_is_measured(start):
    began = time.monotonic()
    with start() as predictor:
        seconds = time.monotonic() - began
        loaded = predictor.metric("viewfinder_model_load_seconds")
        ready = predictor.metric("viewfinder_start_seconds")
    assert 0 < loaded < ready < seconds + 0.01  # the kernel counts in hundredths of a second


def test_the_share_of_the_capacity_that_is_used(start, heavy_photo):
    with start("--threads", "2", "--max-requests", "9") as predictor:
        began = time.monotonic()
        assert predictor.predict(*[heavy_photo] * 4).status_code == 200
        seconds = time.monotonic() - began
        busy = predictor.metric("viewfinder_busy_seconds_total")
        assert 0 < busy < seconds
        assert busy > predictor.metric("viewfinder_decode_seconds_sum") > 0
        assert predictor.metric("viewfinder_threads") == 2
        assert predictor.metric("viewfinder_requests_limit") == 9
        assert predictor.metric("viewfinder_requests_waiting") == 0


def test_the_model_is_identified(predictor):
    """Its folder has no manifest, so there is no digest."""
    info = 'viewfinder_model_info{digest="",labels="3",model="colour",precision="f32",'
    assert predictor.metric(info + 'run_id="",version="7"}') == 1


@pytest.mark.parametrize("protocol", ["v1", "v2"])
def test_a_slow_request_leads_to_its_trace(predictor, photo, protocol):
    path, body = predictor.predict_path, {"instances": [{"b64": "not a photo"}]}
    if protocol == "v2":
        path, body = predictor.infer_path, {}
    for flags in ("00", "01"):  # nobody keeps the first
        header = f"00-{TRACE[:-1]}{flags[1]}-00f067aa0ba902b7-{flags}"
        predictor.client.post(path, json=body, headers={"traceparent": header})
    assert find_exemplars(predictor, protocol) == [{"trace_id": f"{TRACE[:-1]}1"}]


def test_a_slow_call_leads_to_its_trace(start):
    port = free_port()
    metadata = [("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01"), ("other-bin", b"\xff")]
    with (
        start("--grpc-port", str(port)) as predictor,
        grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        infer = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        with pytest.raises(grpc.RpcError):
            infer(b"nonsense", metadata=metadata, timeout=PATIENCE)
        assert find_exemplars(predictor, "grpc") == [{"trace_id": TRACE}]


def find_exemplars(predictor, protocol: str) -> list[dict[str, str]]:
    """Return the exemplars as soon as there are any: a call is recorded after its answer."""
    accept = {"accept": "application/openmetrics-text"}

    def look() -> list[dict[str, str]]:
        text = predictor.client.get("/metrics", headers=accept).text
        return [
            sample.exemplar.labels
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.exemplar and sample.labels.get("protocol") == protocol
        ]

    return wait_for(look, "exemplars", pause=0.02)


def test_the_container_s_memory_and_its_limit(servable_dir, tmp_path):
    limit = 512 * 1024**2
    with (
        memory_group(limit) as group,
        run_predictor(servable_dir, tmp_path, enter=group.enter) as predictor,
    ):
        assert predictor.metric("viewfinder_container_memory_limit_bytes") == limit
        assert 2**24 < predictor.metric("viewfinder_container_memory_bytes") < limit


def test_the_page_lists_every_metric(predictor):
    """Except what only a container with limits has; the limits' own test reads it."""
    text = predictor.client.get("/metrics").text
    served = set(re.findall(r"^# TYPE (viewfinder_\w+)", text, re.M))
    served = {name for name in served if not name.endswith("_created")}
    listed = set(re.findall(r"^\| `(viewfinder_\w+)`", PAGE.read_text("utf-8"), re.M))
    assert served - listed == set()
    assert all(name.startswith("viewfinder_container_") for name in listed - served)
