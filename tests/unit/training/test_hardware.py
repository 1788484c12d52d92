import os
import random
import subprocess
import sys

import numpy as np
import pytest

from viewfinder_components.tensorflow import tf
from viewfinder_components.training.hardware import (
    find_hardware,
    make_reproducible,
    settled_precision,
)


@pytest.mark.parametrize(
    ("precision", "capability", "policy"),
    [
        ("auto", None, "float32"),
        ("auto", (6, 1), "float32"),
        ("auto", (7, 0), "mixed_float16"),
        ("auto", (9, 0), "mixed_float16"),
        ("float32", (9, 0), "float32"),
        ("mixed_bfloat16", None, "mixed_bfloat16"),
        ("mixed_float16", (6, 1), "mixed_float16"),
    ],
)
def test_half_precision_where_it_pays(
    precision: str, capability: tuple[int, int] | None, policy: str
) -> None:
    assert settled_precision(precision, capability) == policy


def test_half_precision_on_a_cpu_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    assert settled_precision("mixed_float16", None) == "mixed_float16"
    assert "slower than float32" in caplog.text


def test_the_device_is_what_tensorflow_sees() -> None:
    hardware = find_hardware("auto")

    assert hardware.gpu == bool(tf.config.list_physical_devices("GPU"))
    assert (hardware.device == "CPU") != hardware.gpu


@pytest.mark.parametrize(
    ("precision", "instructions"),
    [
        ("mixed_bfloat16", "AVX2"),
        ("mixed_bfloat16", "AVX512_CORE"),
        ("mixed_bfloat16", "DEFAULT"),
        ("mixed_float16", "AVX2"),
    ],
)
def test_a_precision_works_or_is_refused_on_every_processor(
    precision: str, instructions: str
) -> None:
    code = f"""
import sys
from viewfinder_components.errors import PermanentError
from viewfinder_components.training.hardware import find_hardware
from viewfinder_components.tensorflow import keras
try:
    policy = find_hardware({precision!r}).policy
except PermanentError as error:
    sys.exit(f"refused: {{error}}")
layers = [keras.layers.Conv2D(4, 3, dtype=policy), keras.layers.Dense(2, dtype=policy)]
keras.Sequential([*layers])(keras.ops.ones((2, 8, 8, 3)))
"""
    environment = os.environ | {"ONEDNN_MAX_CPU_ISA": instructions}
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0 or "refused: expected" in ended.stderr, ended.stderr
    if ended.returncode:
        assert "set precision to float32" in ended.stderr


def test_one_seed_rules_every_source() -> None:
    draws = []
    for _ in range(2):
        assert set(make_reproducible(7).values()) == {7}
        draws.append((random.random(), np.random.random(), float(tf.random.uniform(()))))  # noqa: S311

    assert draws[0] == draws[1]
