"""The command line of `bench.scale`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..tables import put
from . import processes, times


def main() -> None:
    """Read the command line, measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("what", choices=["times", "processes"])
    parser.add_argument("--study", default="book", help="whose times: a shipped study or a file")
    parser.add_argument("--seeds", type=int, help="fewer seeds than the study has")
    parser.add_argument("--rounds", type=int, default=1, help="the table shows the shortest time of so many")
    parser.add_argument("--write", type=Path, help="the page that has a place for the table")
    options = parser.parse_args()
    table = times.table(options.study, options.rounds, options.seeds) if options.what == "times" else processes.table()
    sys.stdout.write(table)
    if options.write:
        put(options.write, options.what, table)


if __name__ == "__main__":
    main()
