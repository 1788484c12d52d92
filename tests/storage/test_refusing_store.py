"""A store that refuses half-way: what is not about a photo is no row, and nothing is lost."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from tests.fixtures.ports import free_port
from tests.fixtures.servables import draw, write_version
from tests.storage.refusing_proxy import Answer, RefusingProxy, refusing_proxy
from tests.storage.servers import Server, running_fake_gcs

from viewfinder_components.errors import PermanentError, TransientError, ViewfinderError
from viewfinder_components.prediction.models.local_model import LocalModel
from viewfinder_components.prediction.outputs.output import open_output
from viewfinder_components.prediction.parts import listing
from viewfinder_components.prediction.predict import predict_files
from viewfinder_components.prediction.result import BatchPrediction
from viewfinder_components.publishing.config import PublishConfig
from viewfinder_components.publishing.publish import publish_version
from viewfinder_components.storage import clients, gcs_client, retrying, s3_client
from viewfinder_components.storage.clients import open_client
from viewfinder_components.storage.contents import Contents
from viewfinder_components.storage.location import Location
from viewfinder_components.storage.store import open_store

# The Cloud Storage client leaves the answers that it does not want to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

PHOTOS = 14
ALL = {"ok": PHOTOS, "unreadable": 0, "ignored": 0}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LocalModel:
    return LocalModel.open(write_version(tmp_path_factory.mktemp("models") / "colour" / "7"))


@pytest.fixture(params=["s3", "gs"])
def store(
    request: pytest.FixtureRequest,
    minio: Server,
    environment: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[str, RefusingProxy]]:
    """A bucket with photos in `in`, on each store in turn, behind a proxy that may refuse."""
    monkeypatch.setattr(retrying, "PATIENCE_SECONDS", 1.0)
    monkeypatch.setattr(listing, "PART_FILES", 4)
    if request.param == "s3":
        with refusing_proxy(minio.port) as proxy:
            monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
            clients.forget_connections()
            bucket = f"refusing-{proxy.url.rpartition(':')[2]}"
            s3_client.connect().create_bucket(Bucket=bucket)
            yield fill(f"s3://{bucket}"), proxy
        return
    port = free_port()
    with (
        refusing_proxy(port) as proxy,
        running_fake_gcs(tmp_path / "server", port, external_url=proxy.url),
    ):
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.url)
        clients.forget_connections()
        gcs_client.connect().create_bucket("bucket")
        yield fill("gs://bucket"), proxy


def fill(bucket: str) -> str:
    client = open_client(Location.parse(bucket))
    for number in range(PHOTOS):
        client.create(f"in/{number:02}.png", draw("red", (64 + number, 48)))
    return bucket


def predict(bucket: str, model: LocalModel, folder: Path) -> BatchPrediction:
    output = open_output(f"{bucket}/out/p.parquet", folder / "work")
    return predict_files(f"{bucket}/in", output, model)


def list_names(bucket: str) -> list[str]:
    page = open_client(Location.parse(bucket)).page("out/")
    return [entry.name for entry in page.objects]


def refuse_after(proxy: RefusingProxy, allowed: int, what: str, answer: Answer) -> None:
    """Refuse requests whose method and path match, beyond the first ones."""
    seen = 0

    def decide(method: str, path: str) -> Answer:
        nonlocal seen
        seen += bool(matching := re.search(what, f"{method} {unquote(path)}"))
        return answer if matching and seen > allowed else None

    proxy.decide = decide


def error_of(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()


def test_credentials_that_expire_are_not_the_photos_fault(
    store: tuple[str, RefusingProxy], model: LocalModel, tmp_path: Path
) -> None:
    bucket, proxy = store
    refuse_after(proxy, 6, r"GET .*in/\d+\.png", (401, error_of("ExpiredToken")))
    with pytest.raises(PermanentError, match=r"expected credentials for .*/in/\d+\.png"):
        predict(bucket, model, tmp_path)
    refuse_after(proxy, 0, "nothing", None)
    assert predict(bucket, model, tmp_path).counts == ALL
    assert list_names(bucket) == ["out/p.parquet"]


@pytest.mark.parametrize("answer", [(503, b"slow down"), (429, b""), (500, b"oops")])
def test_a_store_that_stops_answering(
    answer: Answer, store: tuple[str, RefusingProxy], model: LocalModel, tmp_path: Path
) -> None:
    bucket, proxy = store
    refuse_after(proxy, 1, r"GET .*\.parts/.*part-\d+", answer)
    with pytest.raises(TransientError, match="to answer"):
        predict(bucket, model, tmp_path)
    refuse_after(proxy, 0, "nothing", None)
    done = predict(bucket, model, tmp_path)
    assert (done.counts, done.resumed) == (ALL, PHOTOS)


def test_predictions_are_complete_although_their_parts_stay(
    store: tuple[str, RefusingProxy],
    model: LocalModel,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    bucket, proxy = store
    refuse_after(proxy, 1, "^DELETE ", (403, error_of("AccessDenied")))  # the first is the probe's
    assert predict(bucket, model, tmp_path).counts == ALL
    assert "out/p.parquet is complete, but its parts could not be removed" in caplog.text
    refuse_after(proxy, 0, "nothing", None)
    done = predict(bucket, model, tmp_path)
    assert (done.counts, done.seconds) == (ALL, 0)
    assert list_names(bucket) == ["out/p.parquet"]


@pytest.mark.parametrize("what", [r"(PUT|POST) .*(p\.parquet|upload/)", r"GET .*(list-type|/o\?)"])
def test_something_that_says_200_to_everything_is_no_store(
    what: str, store: tuple[str, RefusingProxy], model: LocalModel, tmp_path: Path
) -> None:
    """A gateway's login page: what is sent to it is nowhere."""
    bucket, proxy = store
    refuse_after(proxy, 1, what, (200, b"<html>Please log in</html>"))
    with pytest.raises(ViewfinderError, match=r"expected (gs|s3)://.* to (answer|accept)"):
        predict(bucket, model, tmp_path)
    refuse_after(proxy, 0, "nothing", None)
    assert predict(bucket, model, tmp_path).counts == ALL


def test_an_answer_that_ends_in_the_middle(
    store: tuple[str, RefusingProxy], model: LocalModel, tmp_path: Path
) -> None:
    bucket, proxy = store
    refuse_after(proxy, 1, r"GET .*\.parts/.*part-\d+", (0, b""))
    with pytest.raises(TransientError, match="to answer"):
        predict(bucket, model, tmp_path)
    refuse_after(proxy, 0, "nothing", None)
    assert predict(bucket, model, tmp_path).counts == ALL


@pytest.mark.parametrize("store", ["s3"], indirect=True)
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((403, error_of("AccessDenied")), PermanentError),
        ((503, error_of("SlowDown")), TransientError),
    ],
)
def test_a_publication_that_is_refused_anywhere_is_one_version_after_a_retry(
    store: tuple[str, RefusingProxy],
    make_servable: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: Answer,
    kind: type[ViewfinderError],
) -> None:
    monkeypatch.setattr(retrying, "PATIENCE_SECONDS", 0.05)
    (bucket, proxy), servable = store, make_servable("run-1")
    begun = len(proxy.asked)
    publish_version(servable, PublishConfig(f"{bucket}/models", "fruit", "run-1"))
    requests = len(proxy.asked) - begun
    assert requests > 5
    for place in range(requests):
        config = PublishConfig(f"{bucket}/models-{place}", "fruit", "run-1")
        refuse_after(proxy, place, "", answer)
        with pytest.raises(kind):
            publish_version(servable, config)
        proxy.decide = lambda method, path: None
        publish_version(servable, config)
        models = open_store(config.model_root)
        (version,) = models.versions("fruit")
        assert not Contents.read(models.fetch(version, tmp_path / str(place))).differences()
