"""The lean import of kserve, which must show when kserve changes its shape."""

import json
import subprocess
import sys

from tests.fixtures.waiting import PATIENCE


def run(script: str, *arguments: str) -> dict:
    """What a fresh interpreter prints as JSON."""
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_neither_pandas_nor_the_kubernetes_client_is_loaded():
    """If this fails after an upgrade, see whether kserve_sdk still pays, and for what."""
    loaded = run(
        "import json, sys, viewfinder_serving.kserve_sdk\n"
        "names = ['pandas', 'kubernetes', 'kserve.api', 'kserve.models', 'pyarrow', 'kserve']\n"
        "print(json.dumps({name: name in sys.modules for name in names}))"
    )
    assert loaded.pop("kserve")
    assert not any(loaded.values()), loaded


def test_the_server_needs_no_heavy_package():
    loaded = run(
        "import json, sys, viewfinder_serving.server, viewfinder_serving.grpc_service\n"
        "names = ['tensorflow', 'kfp', 'pandas', 'kubernetes', 'pyarrow', 'sklearn']\n"
        "print(json.dumps({name: name in sys.modules for name in names}))"
    )
    assert not any(loaded.values()), loaded


def test_the_rest_of_kserve_is_there_when_asked_for():
    found = run(
        "import json, sys\n"
        "from viewfinder_serving import kserve_sdk\n"
        "import kserve\n"
        "from kserve import logging, KServeClient, V1beta1InferenceService\n"
        "from kserve.protocol import infer_type\n"
        "import pandas\n"
        "print(json.dumps({\n"
        "    'same server': kserve.ModelServer is kserve_sdk.ModelServer,\n"
        "    'same model': kserve.Model is kserve_sdk.Model,\n"
        "    'client': KServeClient.__module__ == 'kserve.api.kserve_client',\n"
        "    'pandas': infer_type.pd.DataFrame is pandas.DataFrame,\n"
        "    'real pandas': hasattr(pandas, '__version__'),\n"
        "}))"
    )
    assert all(found.values()), found


def test_data_frames_still_work():
    found = run(
        "import json\n"
        "from viewfinder_serving import kserve_sdk\n"
        "from kserve.protocol.infer_type import InferInput, InferRequest\n"
        "tensor = InferInput('x', [2], 'INT32', [1, 2])\n"
        "print(json.dumps(InferRequest('m', [tensor]).as_dataframe()['x'].tolist()))"
    )
    assert found == [1, 2]


def test_a_kserve_that_is_loaded_already_is_taken():
    found = run(
        "import json, kserve\n"
        "from viewfinder_serving import kserve_sdk\n"
        "print(json.dumps(kserve.ModelServer is kserve_sdk.ModelServer))"
    )
    assert found is True


def test_the_callers_arguments_are_not_kserves():
    """kserve parses the command line when it is imported, and would exit on these."""
    found = run(
        "import json, sys\n"
        "from viewfinder_serving import kserve_sdk\n"
        "print(json.dumps(sys.argv[1:]))",
        "--http_port",
        "none",
    )
    assert found == ["--http_port", "none"]
