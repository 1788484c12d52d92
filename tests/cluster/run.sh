#!/usr/bin/env bash
# Run the tests that need a cluster: the one of KUBECONFIG, or the test bed of `up.sh`.
# usage: BIN=.venv/bin tests/cluster/run.sh [TEST...]; KSERVE=0.16.0 chooses the test bed's KServe.
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=${BIN:-.venv/bin}
if [ -z "${KUBECONFIG:-}" ]; then
  tests/cluster/up.sh
  KUBECONFIG=$("$bin/python" -m tests.testbed kubeconfig)
  export KUBECONFIG
fi
exec "$bin/pytest" "${@:-tests/cluster}"
