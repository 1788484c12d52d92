import subprocess
import sys

import pytest

from viewfinder_components.tensorflow import hidden

_IMPORT = """
import sys
{before}
from viewfinder_components.tensorflow import keras, tf
print(sorted(name for name in ("matplotlib", "pandas", "sklearn") if name in sys.modules))
import pandas, sklearn
print(pandas.DataFrame({{"a": [1]}}).a.sum(), tf.constant(2).numpy(), keras.backend.backend())
"""


@pytest.mark.parametrize(("before", "loaded"), [("", "[]"), ("import pandas", "['pandas']")])
def test_keras_comes_without_its_optional_imports(before: str, loaded: str) -> None:
    code = _IMPORT.format(before=before)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == [loaded, "1 2 tensorflow"]
    assert done.stderr == ""


def test_a_hidden_module_is_back_afterwards() -> None:
    sys.modules.pop("colorsys", None)
    with hidden(("colorsys", "json")):
        import json  # there before, so it stays there

        with pytest.raises(ImportError):
            import colorsys
    import colorsys

    assert colorsys.rgb_to_hsv(0, 0, 1)[2] == 1
    assert json.loads("1") == 1
