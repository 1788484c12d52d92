"""Make the README's numbers: `make benchmark`, or `make benchmark BENCHMARK=reading`."""

import importlib
import os
import platform
import sys

NAMES = ("startup", "reading", "memory", "predictor", "demo", "accuracy", "standstill")


def main() -> int:
    """Run the benchmarks named on the command line, or all of them."""
    names = sys.argv[1:] or NAMES
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
