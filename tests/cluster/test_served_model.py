"""What can be asked of a model that KServe serves, besides single predictions."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from tests.cluster.deployments import MODEL, Stage
from tests.fixtures.servables import COLOURS, LABELS, draw

import viewfinder

MONITORING = Path(__file__).parents[2] / "manifests/monitoring"

pytestmark = pytest.mark.timeout(900)  # a busy machine takes three times as long


@pytest.fixture
def endpoint(stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The address of a service that is reached from here, whose store is reached as well."""
    for name, value in stage.s3.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("VIEWFINDER_HOME", str(tmp_path / "home"))
    stage.deploy(stage.publish(1))
    assert stage.served_version() == "1"
    with stage.client() as client:
        return str(client.base_url)


def test_the_photos_of_a_bucket_get_the_same_predictions_from_the_service_and_from_its_version(
    stage: Stage, endpoint: str
) -> None:
    for number, colour in enumerate(COLOURS * 20):
        stage.s3.client().put_object(
            Bucket=stage.bucket, Key=f"photos/{number:03d}.png", Body=draw(colour)
        )
    stage.s3.client().put_object(Bucket=stage.bucket, Key="photos/broken.png", Body=b"no photo")
    data = f"s3://{stage.bucket}/photos"
    rows = {}
    ways: dict[str, dict[str, Any]] = {
        "service": {"endpoint": endpoint, "model": MODEL},
        "version": {"model_version": stage.versions[1].uri},
    }
    for name, given in ways.items():
        done = viewfinder.predict_batch(data, f"s3://{stage.bucket}/{name}.parquet", **given)
        assert done.counts == {"ok": 100, "unreadable": 1, "ignored": 0}
        body = stage.s3.client().get_object(Bucket=stage.bucket, Key=f"{name}.parquet")["Body"]
        rows[name] = pq.read_table(io.BytesIO(body.read())).to_pylist()
    assert len(rows["service"]) == 101
    same = ("uri", "status", "label")
    for asked, computed in zip(rows["service"], rows["version"], strict=True):
        assert [asked[name] for name in same] == [computed[name] for name in same]
        if asked["status"] == "ok":
            np.testing.assert_allclose(asked["probabilities"], computed["probabilities"], atol=1e-5)


def test_the_service_explains_its_predictions_and_can_be_watched(
    stage: Stage,
    endpoint: str,
    kubeconfig: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(draw(COLOURS[0]))
    (explained,) = viewfinder.explain(photo, endpoint, model=MODEL)
    assert isinstance(explained, viewfinder.Explanation)
    assert explained.label in LABELS
    assert np.array(explained.map).shape == (32, 32)

    # Watching reads the pods, which the account of the pipelines may not.
    (pod,) = stage.pods()
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    figures = next(viewfinder.watch(MODEL, namespace=stage.admin.namespace))
    (replica,) = figures.replicas
    assert (replica.address, replica.version, replica.is_ready) == (
        pod["metadata"]["name"],
        "1",
        True,
    )
    need_scraped(pod)


def need_scraped(pod: dict[str, Any]) -> None:
    """Check that the PodMonitor selects a pod, and that the pod has what its relabelling reads."""
    spec = yaml.safe_load((MONITORING / "podmonitor.yaml").read_text("utf-8"))["spec"]
    metadata = pod["metadata"]
    assert metadata["labels"].items() >= spec["selector"]["matchLabels"].items()
    assert metadata["labels"]["serving.kserve.io/inferenceservice"] == MODEL
    ports = {
        str(port["containerPort"])
        for container in pod["spec"]["containers"]
        for port in container.get("ports", ())
    }
    assert metadata["annotations"]["prometheus.kserve.io/port"] in ports
    assert metadata["annotations"]["prometheus.kserve.io/path"] == "/metrics"
