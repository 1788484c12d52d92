"""The figures of a run show its numbers."""

import hashlib
import io
import json
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html import escape
from itertools import pairwise
from pathlib import Path

import matplotlib.style
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from matplotlib import rc_context, rcParams
from PIL import Image
from tests.unit.pipelines.results.conftest import LABELS, Make

import viewfinder
from viewfinder_components.errors import PermanentError, UsageError
from viewfinder_pipelines.results.figures import draw_confusion_matrix, draw_history, draw_roc


def to_png(figure) -> Image.Image:
    """Draw as a notebook does."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        content, size = figure._repr_png_()
    picture = Image.open(io.BytesIO(content))
    assert abs(picture.width - 2 * size["width"]) <= 2
    return picture


def test_a_figure_has_a_text_for_readers_who_cannot_see_it(make_result: Make, folder: Path) -> None:
    figures = {
        "Loss and accuracy in 2 epochs": viewfinder.plot_history(make_result(str(folder))),
        '1 photo; <b>"cat"</b>': viewfinder.plot_photos(["/nowhere.jpg"], ['<b>"cat"</b>']),
    }
    for description, figure in figures.items():
        data, metadata = figure._repr_mimebundle_()
        assert metadata["image/png"]["alt"] == description
        assert f' alt="{escape(description)}" ' in data["text/html"]
        assert f'src="data:image/png;base64,{data["image/png"]}"' in data["text/html"]


@pytest.mark.parametrize("name", ["plot_calibration", "plot_confusion_matrix", "plot_roc"])
def test_every_figure_is_described(name: str, make_result: Make, folder: Path) -> None:
    assert getattr(viewfinder, name)(make_result(str(folder))).description


def test_the_history_has_both_curves_and_its_marks(make_result: Make, folder: Path) -> None:
    figure = viewfinder.plot_history(make_result(str(folder)))
    loss, accuracy = figure.axes
    lines = {line.get_label(): line for line in loss.lines}
    assert list(lines) == ["training", "kept", "fine-tune"]  # there were no validation photos
    assert lines["training"].get_ydata().tolist() == [1.5, 1.0]
    assert accuracy.lines[0].get_ydata().tolist() == [0.5, 0.75]
    assert to_png(figure).width > 600


@pytest.mark.parametrize("epochs", [1, 2, 5])
def test_a_few_epochs_are_counted_in_whole_numbers(epochs: int) -> None:
    rows = [{"epoch": n + 1, "phase": "head", "loss": 1.0, "kept": n == 0} for n in range(epochs)]
    figure = draw_history(pa.Table.from_pylist(rows))
    to_png(figure)
    axes = figure.axes[0]
    low, high = axes.get_xlim()
    shown = [tick for tick in axes.get_xticks() if low <= tick <= high]
    assert 1 in shown
    assert all(tick == int(tick) for tick in shown)


def test_the_confusion_matrix_shows_the_counts(make_result: Make, folder: Path) -> None:
    figure = viewfinder.plot_confusion_matrix(make_result(str(folder)))
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == list(LABELS)
    assert sum(int(text.get_text()) for text in axes.texts) == 6
    assert axes.images[0].get_array()[0].tolist() == [0.5, 0.5, 0.0]
    to_png(figure)


def test_many_classes_have_no_names(tmp_path: Path) -> None:
    many = {"labels": [f"class {n}" for n in range(100)], "confusion_matrix": np.eye(100) * 3}
    axes = draw_confusion_matrix(many).axes[0]
    assert not axes.texts
    curves = [{"auc": 1.0, "false_positive_rate": [0, 0, 1], "true_positive_rate": [0, 1, 1]}] * 99
    roc = draw_roc(many["labels"], [*curves, None], curves[0]).axes[0]
    assert [text.get_text() for text in roc.get_legend().get_texts()] == ["all classes: AUC 1.000"]
    assert len(roc.lines) == 1 + 99 + 1


def test_the_roc_curves_have_the_names_of_their_classes(make_result: Make, folder: Path) -> None:
    figure = viewfinder.plot_roc(make_result(str(folder)))
    (axes,) = figure.axes
    shown = [text.get_text() for text in axes.get_legend().get_texts()]
    assert shown == ["ant: AUC 0.900", "$b$ee: AUC 0.900"]
    assert to_png(figure).width > 400


def test_names_that_matplotlib_would_read() -> None:
    curve = {"auc": 0.5, "false_positive_rate": [0, 1], "true_positive_rate": [0, 1]}
    figure = draw_roc(["a$\\foo$b", "_hidden"], [curve, curve], curve)
    (axes,) = figure.axes
    assert len(axes.get_legend().get_texts()) == 2
    to_png(figure)
    to_png(draw_roc(["a"], [None], None))


def test_the_style_of_the_notebook_does_not_matter(make_result: Make, folder: Path) -> None:
    plain = viewfinder.plot_calibration(make_result(str(folder)))._repr_png_()[0]
    with matplotlib.style.context("dark_background"), rc_context({"text.usetex": True}):
        styled = viewfinder.plot_calibration(make_result(str(folder)))._repr_png_()[0]
    assert styled == plain


def test_the_calibration_has_a_bar_for_each_level_of_confidence(
    make_result: Make, folder: Path
) -> None:
    figure = viewfinder.plot_calibration(make_result(str(folder)))
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert max(heights) == 1.0
    assert to_png(figure).width > 400


def test_mistakes_begin_with_the_surest(make_result: Make, folder: Path) -> None:
    figure = viewfinder.plot_mistakes(make_result(str(folder)))
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["$b$ee, predicted as\ncat (90%)", "ant, predicted as\n$b$ee (70%)"]
    assert [axes.texts[0].get_text() for axes in figure.axes] == ["there is no such file"] * 2
    one = viewfinder.plot_mistakes(make_result(str(folder)), count=1)
    assert len(one.axes) == 1
    to_png(figure)


def test_a_photo_that_was_replaced_since_the_run_is_not_shown(
    make_result: Make, folder: Path, tmp_path: Path
) -> None:
    photos = [str(tmp_path / f"{number}.png") for number in range(6)]
    for photo in photos:
        Image.new("RGB", (8, 8), "red").save(photo)
    predictions = folder / "evaluation" / "predictions.parquet"
    uris = pa.array(photos)
    pq.write_table(pq.read_table(predictions).set_column(0, "uri", uris), predictions)
    digests = [hashlib.sha256(Path(photo).read_bytes()).hexdigest() for photo in photos]
    pq.write_table(pa.table({"uri": uris, "sha256": digests}), folder / "index" / "index.parquet")
    Image.new("RGB", (8, 8), "green").save(photos[3])  # the surest mistake
    replaced, kept = viewfinder.plot_mistakes(make_result(str(folder))).axes
    assert not replaced.images
    shown = " ".join(replaced.texts[0].get_text().split())
    assert shown == "the file has changed since the run"
    assert len(kept.images) == 1


def test_no_mistakes(make_result: Make, folder: Path) -> None:
    import pyarrow.compute as pc

    path = folder / "evaluation" / "predictions.parquet"
    table = pq.read_table(path)
    pq.write_table(table.filter(table["correct"]), path)
    assert pc.all(pq.read_table(path)["correct"]).as_py()
    figure = viewfinder.plot_mistakes(make_result(str(folder)))
    assert [text.get_text() for text in figure.texts] == ["No mistakes on 4 test photos"]
    to_png(figure)


def test_no_photos() -> None:
    """What a filter leaves may be nothing, and that must not end a notebook."""
    for figure, sentence in (
        (viewfinder.plot_photos([], []), "No photos"),
        (viewfinder.plot_photos(pa.table({"uri": pa.array([], pa.string())})["uri"]), "No photos"),
        (viewfinder.plot_explanations([]), "No explanations"),
    ):
        assert [text.get_text() for text in figure.texts] == [sentence]
        to_png(figure)


@pytest.mark.parametrize(("width", "height"), [(600, 300), (10, 900), (1, 1)])
def test_photos_keep_their_shape(tmp_path: Path, width: int, height: int) -> None:
    path = tmp_path / "100%41 $a$.png"
    Image.new("RGB", (width, height), (200, 30, 30)).save(path)
    figure = viewfinder.plot_photos([path, str(path), path.read_bytes()], ["$x$", "", "c"])
    shapes = [axes.images[0].get_array().shape[:2] for axes in figure.axes]
    longest = max(width, height)
    expected = (max(1, round(height * 320 / longest)), max(1, round(width * 320 / longest)))
    assert shapes == [expected] * 3
    to_png(figure)


def test_what_is_no_photo_leaves_its_place_empty(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no photo")
    figure = viewfinder.plot_photos([tmp_path / "a.jpg", b"x", tmp_path, "s9://a/b"], columns=2)
    assert [bool(axes.images) for axes in figure.axes] == [False] * 4
    assert all(axes.texts[0].get_text() for axes in figure.axes)
    to_png(figure)


def test_one_photo(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    assert len(viewfinder.plot_photos(tmp_path / "a.png").axes) == 1


def explain(photo: str, values: list[list[float]]) -> viewfinder.Explanation:
    rows = tuple(map(tuple, values))
    return viewfinder.Explanation(photo, "ant", 0.9, rows, (0, 0, 600, 300), "cam")


def test_an_explanation_darkens_what_does_not_speak_for_the_class(tmp_path: Path) -> None:
    Image.new("RGB", (600, 300), "white").save(tmp_path / "a.png")
    explained = explain(str(tmp_path / "a.png"), [[0.0, 0.0], [0.0, 9.0]])
    unanswered = viewfinder.Unanswered("b.png", "it is empty")
    figure = viewfinder.plot_explanations(iter([explained, unanswered]))
    assert [axes.get_title() for axes in figure.axes] == ["ant (90%)", "no answer"]
    assert figure.axes[1].texts[0].get_text() == "it is empty"
    (lit,) = (image.get_array() for image in figure.axes[0].images)
    assert lit.shape == (160, 320, 3)
    assert lit[-5:, -5:].mean() > 250
    assert lit[:5, :5].mean() < 60
    to_png(figure)


@pytest.mark.parametrize("largest", [1e-300, 1.0, 3e38, 1e300])
def test_maps_of_numbers_of_any_size_look_alike(largest: float, tmp_path: Path) -> None:
    Image.new("RGB", (60, 30), "red").save(tmp_path / "a.png")
    pictures = []
    for high in (1.0, largest):
        explained = explain(str(tmp_path / "a.png"), [[high, -high], [0.0, high]])
        figure = viewfinder.plot_explanations(explained)
        pictures.append(np.asarray(figure.axes[0].images[0].get_array()))
    assert pictures[0].std() > 0
    assert np.abs(pictures[0].astype(int) - pictures[1]).max() <= 1


def test_explanations_without_a_map_or_a_photo(tmp_path: Path) -> None:
    Image.new("RGB", (60, 30)).save(tmp_path / "a.png")
    level = explain(str(tmp_path / "a.png"), [[1.0, 1.0], [1.0, 1.0]])
    gone = explain(str(tmp_path / "gone.png"), [[1.0, 2.0], [1.0, 1.0]])
    figure = viewfinder.plot_explanations([level, gone])
    assert [len(axes.images) for axes in figure.axes] == [1, 0]
    to_png(figure)
    with pytest.raises(UsageError, match="what `explain` returns, received 5"):
        viewfinder.plot_explanations([level, 5])  # type: ignore[list-item]


def test_a_column_of_a_table_names_photos(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    figure = viewfinder.plot_photos(pa.table({"uri": [str(tmp_path / "a.png")]})["uri"])
    assert len(figure.axes[0].images) == 1


@pytest.mark.parametrize("photo", [5, float("nan"), None, bytearray(b"x"), ["a.jpg"]])
def test_what_names_no_photo(photo: object) -> None:
    with pytest.raises(UsageError, match="photos to be a string or a Path or bytes, or several"):
        viewfinder.plot_photos([photo])  # type: ignore[list-item]
    with pytest.raises(UsageError, match="photos to be a string or a Path, or several"):
        viewfinder.predict(["a.jpg", photo], "http://127.0.0.1:9")  # type: ignore[list-item]


@pytest.mark.parametrize("photos", [b"xyz", {"a.jpg": 1}])
def test_what_is_no_list_of_photos(photos: object) -> None:
    with pytest.raises(UsageError, match="photos to be a string or a Path, or several"):
        viewfinder.predict(photos, "http://127.0.0.1:9")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("photos", "captions", "columns", "sentence"),
    [
        ([], ["a"], 6, "1 caption for 0 photos"),
        (["a.jpg"], ["a", "b"], 6, "2 captions for 1 photo;"),
        (["a.jpg"], [], 0, "columns to be a whole number of at least 1"),
    ],
)
def test_wrong_arguments(photos, captions, columns: int, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        viewfinder.plot_photos(photos, captions, columns=columns)


def test_a_count_below_one(make_result: Make, folder: Path) -> None:
    with pytest.raises(UsageError, match="count to be a whole number of at least 1"):
        viewfinder.plot_mistakes(make_result(str(folder)), count=0)


def test_a_run_without_an_evaluation(make_result: Make, folder: Path) -> None:
    result = make_result(str(folder))
    for plot in (viewfinder.plot_roc, viewfinder.plot_calibration, viewfinder.plot_mistakes):
        with pytest.raises(PermanentError, match="the step evaluate"):
            plot(replace(result, steps=()))


LONG = "n02099601-golden_retriever_from_the_north_of_a_country " * 6


def test_long_names_and_captions_stay_in_their_places(tmp_path: Path) -> None:
    Image.new("RGB", (300, 300)).save(tmp_path / "a.png")
    photos = [tmp_path / "a.png"] * 3
    figure = viewfinder.plot_photos(photos, [LONG, "W" * 300, "a\tb"])
    to_png(figure)
    boxes = [axes.title.get_window_extent() for axes in figure.axes]
    for left, right in pairwise(boxes):
        assert left.x1 < right.x0
    assert boxes[0].y1 <= figure.bbox.y1
    assert figure.axes[0].get_title().endswith("…")


def test_a_missing_photo_takes_no_room_from_the_others(tmp_path: Path) -> None:
    Image.new("RGB", (300, 300)).save(tmp_path / "a.png")
    unanswered = viewfinder.Unanswered("b.png", f"$\\frac{{1 {LONG}")
    explained = explain(str(tmp_path / "a.png"), [[0.0, 0.0], [0.0, 9.0]])
    figure = viewfinder.plot_explanations([explained, unanswered])
    to_png(figure)
    photo = figure.axes[0].get_window_extent()
    assert photo.width > 0.4 * figure.bbox.width
    assert figure.axes[1].texts[0].get_window_extent().x0 > photo.x1


def test_long_names_leave_room_for_the_confusion_matrix() -> None:
    many = {"labels": [LONG, "line\nbreak"], "confusion_matrix": [[3, 0], [1, 2]]}
    figure = draw_confusion_matrix(many)
    to_png(figure)  # a layout that fails is a warning
    first, second = figure.axes[0].get_yticklabels()
    assert first.get_window_extent().x0 >= 0
    assert second.get_text() == "line break"
    curve = {"auc": 0.5, "false_positive_rate": [0, 1], "true_positive_rate": [0, 1]}
    to_png(draw_roc([LONG], [curve], curve))


def test_more_photos_than_a_figure_can_show() -> None:
    with pytest.raises(UsageError, match="at most 300 photos in a figure, received 5,000"):
        viewfinder.plot_photos(["a.jpg"] * 5_000)


def test_threads_leave_the_notebooks_style_as_it_was(make_result: Make, folder: Path) -> None:
    before = dict(rcParams)
    result = make_result(str(folder))
    with ThreadPoolExecutor(4) as pool:
        for figure in pool.map(viewfinder.plot_calibration, [result] * 12):
            figure._repr_png_()
    assert dict(rcParams) == before


@pytest.mark.parametrize(
    "change",
    [
        {"metrics": {}},
        {"metrics": {"ece": None, "calibration": 7, "confusion_matrix": [[1], [2, 3]]}},
        {"metrics": {"ece": 10**400, "calibration": [], "confusion_matrix": "x"}},
        {"labels": [], "metrics": {}},
    ],
)
def test_a_damaged_evaluation(make_result: Make, folder: Path, change: dict[str, object]) -> None:
    path = folder / "evaluation" / "evaluation.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    result = make_result(str(folder))
    for plot in (viewfinder.plot_confusion_matrix, viewfinder.plot_calibration):
        with pytest.raises(PermanentError, match=r"an evaluation's metrics in .*evaluation.json"):
            plot(result)
    if "labels" in change:
        with pytest.raises(PermanentError, match="an evaluation's metrics"):
            viewfinder.plot_roc(result)


def test_a_step_that_has_finished_in_a_run_that_was_killed(make_result: Make, folder: Path) -> None:
    result = make_result(str(folder))
    steps = tuple(replace(step, artifacts={}) for step in result.steps)
    with pytest.raises(PermanentError, match=r"a record without outputs.* or resume it"):
        viewfinder.plot_history(replace(result, state="interrupted", steps=steps))
