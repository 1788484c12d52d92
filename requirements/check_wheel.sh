#!/usr/bin/env bash
# Check that the wheel installs and imports in a clean environment with only the pinned requirements
# of its extras. Argument 1 is the folder with the build programs.
set -euo pipefail
bin=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$bin/python" -m build --quiet --wheel --no-isolation --outdir "$scratch" .
wheel=("$scratch"/viewfinder-*.whl)
names=$("$bin/python" -m zipfile -l "${wheel[0]}" | awk 'NR > 1 {print $1}' | cut -d/ -f1 | sort -u)
expected=$'viewfinder\nviewfinder_client\nviewfinder_comparison\nviewfinder_components\nviewfinder_pipelines\nviewfinder_serving'
if [ "$(grep -v dist-info <<<"$names")" != "$expected" ]; then
  echo "expected the wheel to hold our six packages, received: $names"; exit 1
fi

for extra in steps serving client; do
  "$bin/python" -m venv --without-pip "$scratch/$extra"
  VIRTUAL_ENV="$scratch/$extra" "$bin/uv" pip install --quiet --no-deps --require-hashes -r "requirements/$extra.txt"
  VIRTUAL_ENV="$scratch/$extra" "$bin/uv" pip install --quiet --no-deps "${wheel[0]}"
done
cd "$scratch"
steps/bin/viewfinder --help >/dev/null
steps/bin/viewfinder compile -o "$scratch/pipeline.yaml"
steps/bin/python -c 'import viewfinder; [getattr(viewfinder, name) for name in viewfinder.__all__]'
steps/bin/python -c 'import viewfinder_components.validation.validate, viewfinder_components.export.export'
serving/bin/python -m viewfinder_serving --help >/dev/null
serving/bin/python -c "import viewfinder_serving.server"
serving/bin/python -c '
import importlib.util, viewfinder_components.checking.check
heavy = [name for name in ("tensorflow", "pyarrow", "sklearn") if importlib.util.find_spec(name)]
assert not heavy, f"expected a slim predictor environment, received {heavy}"'
client/bin/python -c '
import importlib.util, viewfinder_client
[getattr(viewfinder_client, name) for name in viewfinder_client.__all__]
for protocol in ("v1", "v2", "grpc"):
    viewfinder_client.Client("http://127.0.0.1:8080", model="m", protocol=protocol).close()
from viewfinder_client.protocol import ModelInput
from viewfinder_client.shrinking import can_shrink
from viewfinder_components.photos.decode import PREPROCESSING
assert can_shrink(ModelInput(224, PREPROCESSING))
heavy = [name for name in ("kfp", "pyarrow", "openvino") if importlib.util.find_spec(name)]
assert not heavy, f"expected a slim environment for the client, received {heavy}"'
echo "the wheel installs and imports in clean environments"
