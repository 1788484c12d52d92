"""Print docs/messages.md: `python -m website.messages`."""

import sys

from website.messages.collect import Collector
from website.messages.page import write_page
from website.messages.program import Program

if __name__ == "__main__":
    try:
        sys.stdout.write(write_page(Collector(Program()).collect()))
    except LookupError as error:
        sys.exit(f"Error: {error}")
