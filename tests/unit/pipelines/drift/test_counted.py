"""Metrics of drift, read: from several replicas and versions, and hostile ones."""

import math

import numpy as np
import pytest
from tests.fixtures.drift_metrics import count_photos, make_reference, write_metrics

from viewfinder_components.errors import PermanentError
from viewfinder_components.monitoring.statistic import compare_counts
from viewfinder_pipelines.drift.counted import (
    CountedVersion,
    merge_replicas,
    need_reference,
    read_versions,
)
from viewfinder_pipelines.drift.judging import judge_version
from viewfinder_pipelines.drift.measure_metrics import CountedMeasure
from viewfinder_pipelines.watching.samples import read_samples

REFERENCE = make_reference()
COUNTS = count_photos(REFERENCE, 400, {"brightness": 0.5})
PAGE = write_metrics(REFERENCE, COUNTS)
BRIGHTNESS = 'measure="brightness",precision="",version="7"'


def read(*pages: str) -> list[CountedVersion]:
    return read_versions(merge_replicas(map(read_samples, pages)))


def find(version: CountedVersion, name: str) -> CountedMeasure:
    (found,) = (one for one in version.measures if one.name == name)
    return found


def test_the_statistic_is_the_predictors_reference() -> None:
    """What comes through the metrics is judged as the stored reference would be."""
    (version,) = read(PAGE)
    judged = {one.name: one for one in judge_version(version, {}).measures}
    for measure in REFERENCE.of("f32"):
        shift = compare_counts(measure, COUNTS[measure.name].astype(float), REFERENCE)
        found = judged[measure.name]
        assert found.statistic == pytest.approx(shift.statistic)
        assert found.moved == pytest.approx(shift.moved)
        assert (found.photos, found.has_drifted) == (shift.photos, shift.has_drifted)
    assert [one.name for one in judged.values() if one.has_drifted] == ["brightness"]


def test_replicas_are_added() -> None:
    (version,) = read(PAGE, PAGE)
    assert find(version, "brightness").counts.tolist() == (2 * COUNTS["brightness"]).tolist()
    assert find(version, "predicted").classes == ("apple", "pear", "plum", "")
    assert version.problems == ()


def test_two_versions_side_by_side_the_newest_first() -> None:
    versions = read(
        PAGE, write_metrics(REFERENCE, COUNTS, "10"), 'viewfinder_model_info{version="6"} 1'
    )
    assert [one.version for one in versions] == ["10", "7", "6"]
    assert [len(one.measures) for one in versions] == [12, 12, 0]
    assert "has no reference" in versions[2].problems[0]


def test_answers_in_two_precisions_are_not_added() -> None:
    (version,) = read(PAGE, write_metrics(REFERENCE, COUNTS, precision="int8"))
    judged = judge_version(version, {}).measures
    titles = {one.title: one.photos for one in judged if one.name in ("confidence", "brightness")}
    assert titles == {"brightness": 800, "confidence (f32)": 400, "confidence (int8)": 400}


def test_replicas_with_other_references_are_not_judged() -> None:
    other = make_reference(photos=999)
    shifted = write_metrics(other, COUNTS).replace('above="60",bin="2"', 'above="61",bin="2"')
    (version,) = read(PAGE, shifted)
    assert "brightness is left out: its replicas have different references." in version.problems
    assert len(version.measures) == 11


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        (f"limit{{{BRIGHTNESS}}} 24.0", f"limit{{{BRIGHTNESS}}} NaN", "it has no limit"),
        (f"limit{{{BRIGHTNESS}}} 24.0", f"limit{{{BRIGHTNESS}}} -1", "it has no limit"),
        (f"limit{{{BRIGHTNESS}}} 24.0", f"limit{{{BRIGHTNESS}}} 1e-300", "it has no limit"),
        (
            f'bin="3",{BRIGHTNESS}',
            f'bin="9",{BRIGHTNESS}',
            "its bins are not those of its reference",
        ),
        (f'bin="3",{BRIGHTNESS}', f'bin="x",{BRIGHTNESS}', "a bin has no number"),
        (f'bin="3",{BRIGHTNESS}', f'bin="99999999",{BRIGHTNESS}', "a bin has no number"),
        ('above="60",bin="2"', 'above="6O",bin="2"', "an edge of a bin is no number"),
        ('above="60",bin="2"', 'above="500",bin="2"', "the edges of its bins are not in order"),
        ('above="60",bin="2"', 'above="nan",bin="2"', "the edges of its bins are not in order"),
    ],
)
def test_a_measure_that_makes_no_sense_is_left_out(before: str, after: str, problem: str) -> None:
    broken = PAGE.replace(before, after)
    assert broken != PAGE
    (version,) = read(broken)
    assert version.problems == (f"brightness is left out: {problem}.",)
    assert len(version.measures) == 11


@pytest.mark.parametrize("count", ["-5", "1e300"])
def test_impossible_counts(count: str) -> None:
    line = f'viewfinder_drift_photos_total{{bin="0",{BRIGHTNESS}}} {COUNTS["brightness"][0]}'
    (version,) = read(PAGE.replace(line, f"{line.rpartition(' ')[0]} {count}"))
    assert version.problems == ("brightness is left out: its counts are impossible.",)


def test_counts_that_are_no_numbers_are_not_counted() -> None:
    line = f'viewfinder_drift_photos_total{{bin="0",{BRIGHTNESS}}} {COUNTS["brightness"][0]}'
    (version,) = read(PAGE.replace(line, f"{line.rpartition(' ')[0]} NaN"))
    assert find(version, "brightness").counts[0] == 0
    assert all(math.isfinite(one.statistic) for one in judge_version(version, {}).measures)


def test_a_measure_without_a_name_is_none() -> None:
    (version,) = read(PAGE.replace('measure="tint"', 'measure=""'))
    assert len(version.measures) == 11
    assert version.problems == ()


def test_a_hostile_name_of_a_measure() -> None:
    (version,) = read(PAGE.replace('measure="tint"', 'measure="\\x1b[31m<script>"'))
    titles = [one.title for one in judge_version(version, {}).measures]
    assert any("<script>" in title for title in titles)
    assert all(title.isprintable() for title in titles)


def test_a_reference_that_does_not_say_its_size() -> None:
    page = "\n".join(line for line in PAGE.splitlines() if "reference_photos" not in line)
    (version,) = read(page)
    assert version.measures == ()
    assert "how many photos" in version.problems[0]
    assert judge_version(version, {}).photos == 0


def test_an_old_predictor_is_told_what_to_do() -> None:
    versions = read('viewfinder_model_info{model="fruit",version="7"} 1')
    with pytest.raises(PermanentError) as caught:
        need_reference(versions, "fruit")
    assert str(caught.value) == (
        "expected metrics of drift from a version of fruit, received none; served: 7; export and "
        "publish the model again with this release, because a version that is older has no "
        "reference, and serve it with the predictor of this release"
    )


def test_without_photos_nothing_has_drifted() -> None:
    nothing = {name: np.zeros_like(counts) for name, counts in COUNTS.items()}
    (version,) = read(write_metrics(REFERENCE, nothing))
    judged = judge_version(version, {})
    assert (judged.photos, judged.has_too_few, judged.drifted) == (0, True, ())
    assert {one.sentence for one in judged.measures} == {"no photos"}
