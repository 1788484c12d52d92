"""`python -m viewfinder_comparison.load PLAN SAMPLES`: the load generator's own process."""

import sys
from pathlib import Path

import uvloop

from viewfinder_comparison.load.generator import generate
from viewfinder_comparison.load.plan import read_plan
from viewfinder_comparison.load.samples import write_samples


def main() -> None:
    """Carry out the plan in the first file, and write the samples to the second."""
    plan, requests = read_plan(Path(sys.argv[1]))
    write_samples(Path(sys.argv[2]), uvloop.run(generate(plan, requests)))


if __name__ == "__main__":
    main()
