"""The rows of Viewfinder's own predictor: which precision, and how far answers may differ."""

import json
from pathlib import Path

import pytest

from viewfinder_comparison.servers.registry import SERVERS
from viewfinder_comparison.servers.server import Place
from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.precision import PrecisionChoice
from viewfinder_serving.__main__ import _make_parser

CHOSEN = SERVERS["viewfinder-chosen"]


def write_version(folder: Path, *allowed: str, tolerance: float = 0.2) -> Path:
    choice = PrecisionChoice((*allowed, "f32"), "int8 passed.", {"int8": tolerance})
    (folder / "manifest.json").write_text(json.dumps({"precision": choice.to_json(), "files": {}}))
    for name in ("model.xml", "model.bin", "model-int8.xml", "model-int8.bin"):
        (folder / name).touch()
    return folder


def test_the_chosen_precision_is_named_with_what_check_has_measured(tmp_path: Path) -> None:
    version = write_version(tmp_path, "int8")
    assert CHOSEN.find_obstacle(version) is None
    adapted = CHOSEN.adapt(CHOSEN, version)
    assert (adapted.title, adapted.tolerance) == ("Viewfinder, int8", 0.2)
    assert "int8 passed." in adapted.setup


def test_a_tolerance_is_not_smaller_than_that_of_other_servers(tmp_path: Path) -> None:
    version = write_version(tmp_path, "int8", tolerance=0.001)
    assert CHOSEN.adapt(CHOSEN, version).tolerance == SERVERS["flask"].tolerance


def test_a_version_in_f32_has_no_other_precision_to_compare(tmp_path: Path) -> None:
    assert "is served in f32" in (CHOSEN.find_obstacle(write_version(tmp_path)) or "")
    version = write_version(tmp_path, "int8")
    (version / "model-int8.xml").unlink()
    assert CHOSEN.find_obstacle(version), "int8 is allowed, but not there"


@pytest.mark.parametrize("name", ["viewfinder-chosen", "openvino-model-server"])
@pytest.mark.parametrize("text", ["{", "[" * 100_000, "[]"])
def test_a_damaged_manifest_is_refused_in_a_sentence(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(PermanentError, match=r"expected a manifest in .*; copy the version again"):
        SERVERS[name].find_obstacle(tmp_path)


@pytest.mark.parametrize(
    ("name", "engine", "precision"),
    [
        ("viewfinder", "openvino", "f32"),
        ("viewfinder-chosen", "openvino", "auto"),
        ("viewfinder-tensorflow", "tensorflow", "auto"),
    ],
)
def test_the_options_of_the_predictor(
    name: str, engine: str, precision: str, tmp_path: Path
) -> None:
    place = Place(Path("/usr/bin/python3"), tmp_path, "fruit", (8080,), 2)
    _, _, _, module, *options = SERVERS[name].command(place)
    given = _make_parser().parse_args(options)
    assert module == "viewfinder_serving"
    assert (given.engine, given.precision, given.port) == (engine, precision, 8080)
