#!/usr/bin/env bash
# Pass the tests that need a cluster: the one of KUBECONFIG, or a test bed with both images loaded.
# usage: BIN=.venv/bin tests/cluster/run.sh [TEST...]; KSERVE=0.16.0 chooses the test bed's KServe.
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=${BIN:-.venv/bin}
if [ -z "${KUBECONFIG:-}" ]; then
  "$bin/python" -m tests.testbed setup
  "$bin/python" -m tests.testbed up ${KSERVE:+--kserve "$KSERVE"}
  KUBECONFIG=$("$bin/python" -m tests.testbed kubeconfig)
  export KUBECONFIG
  images=$("$bin/python" -m tests.testbed images-folder)
  tests/cluster/build_images.sh "$("$bin/python" -m tests.testbed base-image)" "$images"
  "$bin/python" -m tests.testbed load "$images/predictor.tar" "$images/steps.tar"
fi
exec "$bin/pytest" "${@:-tests/cluster}"
