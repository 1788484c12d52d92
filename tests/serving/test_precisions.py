"""The precision in which the predictor serves: the manifest's, the processor's, the option's.

The int8 model of these tests is less sure of itself than the other one, so that an answer tells
which of them computed it. ONEDNN_MAX_CPU_ISA takes bfloat16 from a processor that has it.
"""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.fixtures.servables import allow_precisions, draw, write_manifest, write_version
from tests.serving.conftest import run_predictor

from viewfinder_components.errors import ParameterError, PermanentError, UsageError
from viewfinder_components.inference import has_bfloat16
from viewfinder_components.storage.checksums import digest_file
from viewfinder_serving.config import ServeConfig
from viewfinder_serving.precision import select_precision
from viewfinder_serving.servable import Servable

F32, INT8 = 0.999, 0.79  # how sure the two models are of a red photo
WITHOUT_BFLOAT16 = "AVX2"


@pytest.fixture
def version(tmp_path: Path) -> Path:
    return write_version(tmp_path / "models" / "colour" / "7")


@pytest.fixture
def serve(version: Path, tmp_path: Path) -> Callable[..., object]:
    return lambda *options: run_predictor(version, tmp_path / f"predictor{options}", *options)


def sureness(predictor) -> float:
    answer = predictor.predict(draw("red")).json()["predictions"][0]
    return max(answer["probabilities"])


def described(predictor) -> dict:
    return predictor.client.get("/v2/models/colour").json()["properties"]


def test_the_manifest_says_which_precision_is_served(version, serve):
    allow_precisions(version, "int8", "f32")
    with serve() as predictor:
        assert sureness(predictor) == pytest.approx(INT8, abs=0.01)
        assert described(predictor) == {
            "precision": "int8",
            "precision_reason": "int8 is served: it is the fastest that passed.",
            "precision_tolerance": "0.3",
        }
        identity = f'digest="{digest_file(version / "manifest.json")}",labels="3",model="colour"'
        assert predictor.metric(f'viewfinder_model_info{{{identity},precision="int8"') == 1
        assert "the model computes in int8. int8 is served: it is the" in predictor.log.read_text()


def test_the_option_comes_before_the_manifest(version, serve):
    allow_precisions(version, "int8", "f32")
    with serve("--precision", "f32") as predictor:
        assert sureness(predictor) == pytest.approx(F32, abs=0.01)
        assert described(predictor) == {
            "precision": "f32",
            "precision_reason": "The setting precision is f32.",
        }


def test_an_int8_model_that_was_not_proved_is_served_only_if_demanded(version, serve):
    allow_precisions(version, "f32")
    with serve() as predictor:
        assert sureness(predictor) == pytest.approx(F32, abs=0.01)
    with serve("--precision", "int8") as predictor:
        assert sureness(predictor) == pytest.approx(INT8, abs=0.01)
        assert "int8 is served although check has not proved it" in predictor.log.read_text()


def test_a_version_from_before_there_was_a_choice_is_served_in_f32(version, serve):
    assert "precision" not in json.loads((version / "manifest.json").read_text())
    with serve() as predictor:
        assert sureness(predictor) == pytest.approx(F32, abs=0.01)
        assert described(predictor)["precision"] == "f32"


def test_a_folder_without_a_manifest_is_served_in_f32(version):
    (version / "manifest.json").unlink()
    assert Servable.load(version).precision.name == "f32"


def test_a_processor_without_bfloat16_serves_the_next_and_says_why(version, serve, monkeypatch):
    allow_precisions(version, "bf16", "int8", "f32")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", WITHOUT_BFLOAT16)
    sentence = "bf16 is not served here: the processor does not compute in bfloat16."
    with serve() as predictor:
        assert sureness(predictor) == pytest.approx(INT8, abs=0.01)
        assert described(predictor)["precision_reason"].startswith(sentence)
        assert sentence in predictor.log.read_text()


def test_a_processor_that_only_lacks_bfloat16_falls_back_to_f32(version, monkeypatch):
    allow_precisions(version, "bf16", "f32")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", WITHOUT_BFLOAT16)
    assert Servable.load(version).precision.name == "f32"


def test_a_processor_with_bfloat16_serves_it(version):
    allow_precisions(version, "bf16", "f32")
    assert Servable.load(version).precision.name == ("bf16" if has_bfloat16() else "f32")


@pytest.mark.parametrize("isa", ["SSE41", "AVX2", "AVX512_CORE", "AVX512_CORE_VNNI", "avx2"])
def test_a_processor_that_may_not_compute_in_bfloat16_does_not(isa, monkeypatch):
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", isa)
    assert not has_bfloat16()


@pytest.mark.parametrize("isa", ["", "DEFAULT", "AVX512_CORE_BF16", "AVX512_CORE_AMX"])
def test_other_limits_leave_it_to_the_processor(isa, monkeypatch):
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    without_limit = has_bfloat16()
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", isa)
    assert has_bfloat16() == without_limit


@pytest.mark.parametrize("wanted", ["bf16", "int8"])
def test_a_precision_that_cannot_be_had_is_refused_if_demanded(version, wanted, monkeypatch):
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", WITHOUT_BFLOAT16)
    with pytest.raises(PermanentError, match=f"the precision {wanted}.*set --precision to f32"):
        Servable.load(version, precision=wanted)


def test_an_int8_model_that_is_missing_or_unknown_is_passed_over(version, caplog):
    allow_precisions(version, "int4", "int8", "f32")
    (version / "model-int8.bin").unlink()
    served = Servable.load(version).precision
    assert served.name == "f32"
    assert "int4 is not served here: this release does not know it." in served.reason
    assert "int8 is not served here: the version has no model-int8.bin." in served.reason
    assert len([one for one in caplog.records if one.levelno == logging.WARNING]) == 2


def test_a_damaged_int8_model_is_refused_as_the_other_would_be(version):
    allow_precisions(version, "int8", "f32")
    with (version / "model-int8.bin").open("ab") as file:
        file.write(b"x")
    with pytest.raises(PermanentError, match=r"model-int8\.bin"):
        Servable.load(version)


@pytest.mark.parametrize("entry", ["int8", ["int8"], {"allowed": 8}, {"allowed": None}, {}, 1.5])
def test_an_entry_that_cannot_be_read_means_f32(version, entry):
    allow_precisions(version, "int8")
    write_manifest(version, precision=entry)
    served = Servable.load(version).precision
    assert (served.name, served.tolerance) == ("f32", None)
    assert served.reason == "The version's choice of precision cannot be read."


def test_tensorflow_computes_in_f32(version):
    allow_precisions(version, "int8", "f32")
    manifest = json.loads((version / "manifest.json").read_text())
    served = select_precision("tensorflow", version, manifest)
    assert (served.name, served.reason) == ("f32", "TensorFlow computes in f32.")
    with pytest.raises(UsageError, match="--precision f32 with --engine tensorflow"):
        ServeConfig(version, engine="tensorflow", precision="int8")
    assert ServeConfig(version, engine="tensorflow", precision="f32").precision == "f32"


def test_an_unknown_precision_is_refused(version):
    with pytest.raises(ParameterError, match="one of auto, f32, bf16, int8"):
        ServeConfig(version, precision="fp16")
