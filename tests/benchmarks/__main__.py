"""Make the numbers of docs/measurements.md: `make benchmark`, or a part with BENCHMARK=reading."""

import importlib
import os
import platform
import sys

NUMBERS = (
    *("startup", "reading", "memory", "engine", "predictor", "overload"),
    *("batch", "demo", "accuracy", "label_issues"),
)
OF_PAGES = ("upload", "event_loop", "tracing", "drift", "drift_cost")
# As root, only when they are named: a hunt of an hour, and ten minutes of hostile requests.
NAMES = (*NUMBERS, *OF_PAGES, "standstill", "limit")


def main() -> int:
    """Run the benchmarks named on the command line, or all that make the numbers of that page."""
    names = sys.argv[1:] or NUMBERS
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"expected benchmarks of {', '.join(NAMES)}, received {', '.join(unknown)}")
        return 2
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores")
    for name in names:
        print(f"\n## {name}", flush=True)
        importlib.import_module(f"tests.benchmarks.{name}").run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
