#!/usr/bin/env bash
# Run the tests that need a cluster: the one of KUBECONFIG, or the test bed of `up.sh`.
# usage: BIN=.venv/bin tests/cluster/run.sh [TEST...]; KSERVE=0.16.0 chooses the test bed's KServe;
# WORKERS=2 runs two tests at once, if it runs all.
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=${BIN:-.venv/bin}
if [ -z "${KUBECONFIG:-}" ]; then
  tests/cluster/up.sh
  KUBECONFIG=$("$bin/python" -m tests.testbed kubeconfig)
  export KUBECONFIG
fi
workers=${WORKERS:-1}
[ $# -eq 0 ] && [ "$workers" -gt 1 ] || exec "$bin/pytest" "${@:-tests/cluster}"
# The tests mostly wait. Those that take a program away follow, with no other beside them.
code=0
"$bin/pytest" -n "$workers" --dist loadgroup -m "not disruptive" tests/cluster || code=$?
"$bin/pytest" -m disruptive tests/cluster || code=$?
exit "$code"
