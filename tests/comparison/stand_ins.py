"""Programs that take the arguments of servers that cannot be installed here, and their requests.

Each is written into a folder as one executable file.
"""

import sys
from pathlib import Path

_START = f"""#!{sys.executable} -P
import argparse, sys
from pathlib import Path
sys.path[:0] = {[path for path in sys.path if path]!r}
parser = argparse.ArgumentParser(allow_abbrev=False)
parser.add_argument("--model_name", required=True)
"""
_TENSORFLOW_SERVING = """
parser.add_argument("--rest_api_port", required=True)
parser.add_argument("--port", required=True)
parser.add_argument("--model_base_path", type=Path, required=True)
given = parser.parse_args()
if not given.model_base_path.is_absolute():
    sys.exit("Expected model to have an absolute path")
(version,) = given.model_base_path.iterdir()
if not (version.name.isdigit() and (version / "saved_model.pb").is_file()):
    sys.exit("No versions of servable found under base path")
from viewfinder_serving.__main__ import main
options = ["--host", "127.0.0.1", "--port", given.rest_api_port]
sys.exit(main(["--model-dir", str(version), "--model-name", given.model_name, *options]))
"""
_OPENVINO = """
import http.server, json
import numpy as np
from viewfinder_components.inference import InferenceModel
parser.add_argument("--model_path", type=Path, required=True)
parser.add_argument("--rest_port", type=int, required=True)
parser.add_argument("--rest_bind_address", required=True)
parser.add_argument("--target_device", choices=["CPU"])
given = parser.parse_args()
(version,) = given.model_path.iterdir()
if sorted(path.name for path in version.iterdir()) != ["model.bin", "model.xml"]:
    sys.exit("several models in one version")
model = InferenceModel.load(version)

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        length = int(self.headers["Inference-Header-Content-Length"])
        (tensor,) = json.loads(body[:length])["inputs"]
        right = self.path == f"/v2/models/{given.model_name}/infer" and tensor["name"] == "pixels"
        pixels = np.frombuffer(body[length:], tensor["datatype"].lower()).reshape(tensor["shape"])
        rows = model.predict(pixels)
        output = {"name": "probabilities", "datatype": "FP32", "shape": rows.shape}
        answer = json.dumps({"outputs": [output | {"data": rows.ravel().tolist()}]}).encode()
        self.send_response(200 if right else 404)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

http.server.ThreadingHTTPServer((given.rest_bind_address, given.rest_port), Handler).serve_forever()
"""


def write_tensorflow_serving(folder: Path) -> Path:
    """Write a program that is started as TensorFlow Serving, and runs our predictor."""
    return _write(folder / "tensorflow_model_server", _START + _TENSORFLOW_SERVING)


def write_openvino_model_server(folder: Path) -> Path:
    """Write a program that is started as OpenVINO Model Server, and takes pixels as it does."""
    return _write(folder / "ovms", _START + _OPENVINO)


def _write(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path
