import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.evaluation.config import EvaluationConfig
from viewfinder_components.evaluation.evaluate import evaluate_model
from viewfinder_components.evaluation.report import render_run_report
from viewfinder_components.formats.precision import Candidate, PrecisionChoice
from viewfinder_components.printable import make_printable
from viewfinder_components.run_reason import RunReason

VOID = {"meta", "img", "br", "hr", "link", "input"}
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }} {% raise %}",
    "a & b \\u0000 $x^2$ %s",
    "תפוח אדום\u202e",
    "🍌" * 40,
    "very long name " * 30,
]


class Page(HTMLParser):
    """Reads a page as strictly as XML, but for HTML's void elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data) -> None:
        self.texts.append(data.strip())

    @property
    def ids(self) -> list[str]:
        return [attributes["id"] for _, attributes in self.tags if "id" in attributes]

    @property
    def text(self) -> str:
        return " ".join(self.texts)


def assert_stands_alone(page: Page) -> None:
    """Nothing is loaded, nothing runs, every link leads to a place in the page."""
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "base"}
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        assert (attributes.get("src") or "data:").startswith("data:")
        href = attributes.get("href") or ""
        assert href == "" or href.removeprefix("#") in page.ids
    assert len(page.ids) == len(set(page.ids))
    for _, attributes in page.tags:
        assert not re.search(r"url\((?!#)", " ".join(v or "" for v in attributes.values()))


def make(world, labels, counts, **settings) -> Page:
    world.add_photos(labels, counts, noise=70)
    world.add_model(labels)
    config = EvaluationConfig(str(world.published), "classifier", "run-7", **settings)
    evaluate_model(world.model, world.index, world.shards, world.evaluation, world.report, config)
    return Page(world.report.read_text("utf-8"))


def test_two_classes(world) -> None:
    page = make(world, ["cat", "dog"], [12, 12])
    assert_stands_alone(page)
    assert "Accepted" in page.text
    for section in ("figures", "gate", "mistakes", "confusion", "classes", "data", "training"):
        assert section in page.ids
    assert "run" not in page.ids
    assert sum(tag == "svg" for tag, _ in page.tags) == 4
    assert sum(tag == "img" for tag, _ in page.tags) > 5


def test_mistakes_are_explained(world) -> None:
    page = make(world, ["cat", "dog", "cow"], [12, 12, 12], min_accuracy=0)
    mistakes = json.loads((world.evaluation / "page.json").read_text())["mistakes"]
    assert mistakes
    shown = [attributes.get("src") for tag, attributes in page.tags if tag == "img"]
    for frame in mistakes:
        assert shown.index(frame["spotlight"]) == shown.index(frame["thumbnail"]) + 1
    assert "class activation map" in page.text


def test_a_page_from_before_there_were_explanations(world) -> None:
    make(world, ["cat", "dog", "cow"], [12, 12, 12], min_accuracy=0)
    path = world.evaluation / "page.json"
    values = json.loads(path.read_text())
    del values["explanation"]
    for frame in values["mistakes"]:
        del frame["spotlight"]
    path.write_text(json.dumps(values))
    page = Page(render_run_report(world.evaluation))
    assert_stands_alone(page)
    assert "class activation map" not in page.text


def test_a_hundred_classes(world) -> None:
    labels = [f"class {number:03d}" for number in range(100)]
    page = make(world, labels, [2] * 100)
    assert_stands_alone(page)
    assert "Confusion matrix of 100 classes" in [a.get("alt") for _, a in page.tags]
    assert "Most frequent mistakes" in page.text
    assert "All 100 classes" in page.text
    assert "class 099" in page.text
    assert "and 92 more" in page.text
    assert world.report.stat().st_size < 1_000_000


def test_hostile_names_are_text(world) -> None:
    labels = sorted(HOSTILE)
    world.publish(1, labels[:2])
    page = make(world, labels, [5] * len(labels))
    assert_stands_alone(page)
    for label in labels:
        assert make_printable(label).strip() in page.text


def test_hostile_file_names_are_text(world) -> None:
    world.add_photos(["a", "b"], [4, 4], noise=70)
    world.add_model(["a", "b"], swap=True)
    table = world.shards / "test" / "photos.parquet"
    rename_uris(table, '/photos/<svg onload="alert(1)">.jpg')
    config = EvaluationConfig(str(world.published), "classifier", "run-7")
    evaluate_model(world.model, world.index, world.shards, world.evaluation, world.report, config)
    page = Page(world.report.read_text("utf-8"))
    assert_stands_alone(page)
    assert '<svg onload="alert(1)">.jpg' in page.text


def rename_uris(path: Path, uri: str) -> None:
    table = pq.read_table(path)
    place = table.column_names.index("uri")
    pq.write_table(table.set_column(place, "uri", pa.array([uri] * len(table))), path)


def test_a_refusal_says_why(world) -> None:
    page = make(world, ["cat", "dog"], [12, 12], min_accuracy=1.0)
    assert "Refused: it is not published" in page.text
    assert "is below the minimum of 100.0%" in page.text


def test_every_class_without_a_mistake(world) -> None:
    world.add_photos(["a", "b"], [3, 3], noise=1)
    world.add_model(["a", "b"])
    config = EvaluationConfig(str(world.published), "classifier", "run-7")
    evaluate_model(world.model, world.index, world.shards, world.evaluation, world.report, config)
    page = Page(world.report.read_text("utf-8"))
    assert "The model made no mistakes on the test photos." in page.text
    assert "Most frequent mistakes" not in page.text


def test_a_single_test_photo(world) -> None:
    page = make(world, ["a", "b"], [1, 0])
    assert_stands_alone(page)
    assert "of 1 test photo, a guess gets all of them right" in page.text


def test_a_training_without_history_or_validation(world) -> None:
    world.add_photos(["a", "b"], [3, 3])
    world.add_model(["a", "b"])
    path = world.model / "training.json"
    for history in ([], [{"epoch": 1, "phase": "head", "loss": 1.0, "val_loss": None}]):
        path.write_text(json.dumps({"history": history}))
        config = EvaluationConfig(str(world.published), "classifier", "run-7")
        evaluate_model(
            world.model, world.index, world.shards, world.evaluation, world.report, config
        )
        page = Page(world.report.read_text("utf-8"))
        assert_stands_alone(page)
        assert ("recorded no curves" in page.text) == (not history)


RUN = {
    "state": "succeeded",
    "steps": [
        {"name": "validate", "state": "reused", "seconds": 0.0, "reused_seconds": 77.0,
         "phases": {"read": 70.0}},
        {"name": "train", "state": "succeeded", "seconds": 30.0,
         "phases": {"features": 20.0, "head": 5.0}},
        {"name": "check", "state": "succeeded", "seconds": 10.0, "phases": {"start": 4.0}},
    ],
    "check": {
        "passed": True,
        "checks": [
            {"name": "latency_p99", "value": 21.0, "limit": 1000.0, "passed": True,
             "sentence": "p99 is 21 ms, within the limit of 1000 ms."},
        ],
    },
    "version": {"number": 3, "uri": "file:///models/<b>fruit</b>/3"},
    "commands": ["viewfinder serve '/models/<b>fruit</b>/3'"],
    "floor_seconds": 16.0,
}  # fmt: skip


PRECISION = PrecisionChoice(
    ("int8", "f32"),
    "int8 is served: it is the fastest that passed.",
    candidates=(
        Candidate("f32", True, "Compared with.", photos=200, accuracy=0.91, p50_ms=10.0),
        Candidate("int8", True, "int8 passed.", "On 200 <b>photos</b>.", 200, 0.905, p50_ms=4.25),
        Candidate("bf16", False, "bf16 was not tried."),
    ),
)


def show_precision(world, choice: PrecisionChoice | None) -> Page:
    make(world, ["cat", "dog"], [12, 12])
    entry = {} if choice is None else {"precision": choice.to_json()}
    page = Page(render_run_report(world.evaluation, RUN | {"check": RUN["check"] | entry}))
    assert_stands_alone(page)
    return page


def test_the_precisions_that_were_tried_are_a_table(world) -> None:
    page = show_precision(world, PRECISION)
    for words in ("91.0%", "10.0 ms", "int8 passed. On 200 <b>photos</b>.", "4.2 ms", "not tried"):
        assert words in page.text
    assert "served" in page.texts


def test_where_no_precision_was_tried_the_reason_stands_there(world) -> None:
    page = show_precision(world, PrecisionChoice(reason="f32 is served. The setting says so."))
    assert "f32 is served. The setting says so." in page.text


def test_a_check_of_an_earlier_release_has_no_section_on_precision(world) -> None:
    assert "Numeric precision" not in show_precision(world, None).text


def test_labels_with_hostile_names_are_shown_as_text(world) -> None:
    make(world, ["cat", "dog"], [12, 12])
    path = world.evaluation / "page.json"
    page = json.loads(path.read_text("utf-8"))
    for kind, shown in page["label_issues"]["shown"].items():
        page["label_issues"]["counts"][kind] = len(HOSTILE)
        shown[:] = [
            {"uri": f"/photos/{name}.jpg", "label": name, "suggestion": name, "split": "train",
             "kind": kind, "score": 0.8, "similar": name, "thumbnail": "data:image/jpeg;base64,"}
            for name in HOSTILE
        ]  # fmt: skip
    path.write_text(json.dumps(page), "utf-8")
    shown = Page(render_run_report(world.evaluation))
    assert_stands_alone(shown)
    for name in HOSTILE:
        assert (
            shown.texts.count(make_printable(name).strip()) >= 7
        )  # a label of four kinds, a class of three


def test_labels_when_nothing_is_found(world) -> None:
    world.add_photos(["cat", "dog"], [12, 12], noise=1)
    world.add_model(["cat", "dog"])
    config = EvaluationConfig(
        str(world.published), "classifier", "run-7", near_duplicate_distance=0
    )
    evaluate_model(world.model, world.index, world.shards, world.evaluation, world.report, config)
    page = Page(world.report.read_text("utf-8"))
    assert_stands_alone(page)
    assert "Labels worth a second look" in page.text
    assert "Nothing was found." in page.text


def test_an_evaluation_of_an_earlier_release_has_no_section_on_labels(world) -> None:
    make(world, ["cat", "dog"], [12, 12])
    path = world.evaluation / "page.json"
    page = json.loads(path.read_text("utf-8"))
    del page["label_issues"]
    path.write_text(json.dumps(page), "utf-8")
    shown = Page(render_run_report(world.evaluation))
    assert_stands_alone(shown)
    assert "Labels worth a second look" not in shown.text


def test_features_of_a_backbone_that_was_trained_are_pointed_out(world) -> None:
    world.add_photos(["cat", "dog"], [12, 12])
    world.add_model(["cat", "dog"])
    path = world.model / "training.json"
    training = json.loads(path.read_text())
    path.write_text(json.dumps({**training, "backbone": "scratch"}))
    config = EvaluationConfig(str(world.published), "classifier", "run-7")
    evaluate_model(world.model, world.index, world.shards, world.evaluation, world.report, config)
    assert "memorized wrong labels" in Page(world.report.read_text("utf-8")).text


def test_what_the_page_says_stays_true_once_its_version_is_published(world) -> None:
    make(world, ["cat", "dog"], [12, 12])
    page = Page(render_run_report(world.evaluation, RUN))
    assert page.text.count("There was no earlier version to compare with.") >= 2
    assert "published yet" not in page.text


def test_the_page_says_where_all_files_are_listed(world) -> None:
    make(world, ["cat", "dog"], [12, 12])
    run = {**RUN, "photo_list": "/runs/<b>a</b>/index/index.parquet"}
    page = Page(render_run_report(world.evaluation, run))
    assert "/runs/<b>a</b>/index/index.parquet" in page.text
    assert "Every file found" not in Page(render_run_report(world.evaluation, RUN)).text


def test_a_rule_without_a_limit_says_so(world) -> None:
    page = make(world, ["cat", "dog"], [12, 12], min_accuracy=0.1)
    assert page.texts.count("no limit") == 2  # balanced accuracy, calibration error
    assert page.texts.count("not compared") == 1
    assert "not asked" not in page.text
    assert "Training settings" in page.text


def test_an_interrupted_run_says_how_it_is_resumed(world) -> None:
    make(world, ["cat", "dog"], [12, 12])
    run = {**RUN, "resuming": "viewfinder run --resume <RUN>", "state": "interrupted"}
    page = Page(render_run_report(world.evaluation, run))
    assert "viewfinder run --resume <RUN>" in page.text


def test_the_run(world) -> None:
    make(world, ["cat", "dog"], [12, 12])
    page = Page(render_run_report(world.evaluation, RUN))
    assert_stands_alone(page)
    assert "Accepted, and published as version 3" in page.text
    assert "p99 is 21 ms" in page.text
    assert "viewfinder serve '/models/<b>fruit</b>/3'" in page.text
    assert "the floor is 16.0 s" in page.text
    assert "Reused: the step was not repeated" in page.text
    assert "77.0 s" in page.text
    assert "start and end 5.0 s" in page.text
    assert "40.0 s" in page.text


def test_the_page_says_why_the_run_began(world) -> None:
    reason = RunReason("alert", alert=HOSTILE[0], measure="brightness", value="0.3")
    told = f"Why the run began: alert {HOSTILE[0]}: brightness 0.3."
    page = make(world, ["cat", "dog"], [12, 12], reason=reason.write())
    assert_stands_alone(page)
    assert told in page.text
    run = {**RUN, "reason": "schedule nightly"}
    assert (
        "Why the run began: schedule nightly."
        in Page(render_run_report(world.evaluation, run)).text
    )


def test_a_page_without_a_run_does_not_guess_why_it_began(world) -> None:
    page = make(world, ["cat", "dog"], [12, 12])
    assert "Why the run began" not in page.text


@pytest.mark.parametrize("state", ["failed", "interrupted"])
def test_a_run_that_did_not_end_well(world, state: str) -> None:
    make(world, ["cat", "dog"], [12, 12])
    run = {**RUN, "state": state, "version": None, "check": None, "commands": []}
    del run["floor_seconds"]
    page = Page(render_run_report(world.evaluation, run))
    assert_stands_alone(page)
    assert "Accepted by the gate, but not published" in page.text
    assert f"The run {'failed' if state == 'failed' else 'was interrupted'}" in page.text


def test_the_worst_mistakes_come_first(world) -> None:
    make(world, ["a", "b", "c"], [12, 12, 12])
    mistakes = json.loads((world.evaluation / "page.json").read_text())["mistakes"]
    confidences = [frame["confidence"] for frame in mistakes]
    assert confidences == sorted(confidences, reverse=True)
    assert all(frame["label"] != frame["predicted"] for frame in mistakes)
    assert all(np.isfinite(frame["confidence_in_label"]) for frame in mistakes)


def test_without_an_evaluation_there_is_no_page(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"a readable evaluation\.json"):
        render_run_report(tmp_path)
