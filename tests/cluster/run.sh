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
[ $# -eq 0 ] || exec "$bin/pytest" "$@"
# The tests mostly wait, so two at a time; those that take a program away, with no other beside them.
code=0
"$bin/pytest" -n 2 --dist loadgroup -m "not disruptive" tests/cluster || code=$?
"$bin/pytest" -m disruptive tests/cluster || code=$?
exit "$code"
