"""The command line of `bench.scale`."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from . import processes, times


def put(path: Path, name: str, table: str) -> None:
    """Put a table between its marks in a page."""
    text = path.read_text(encoding="utf-8")
    marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    if not marked.search(text):
        sys.exit(f"{path} has no <!-- {name} --> and <!-- end of {name} -->")
    path.write_text(marked.sub(lambda found: f"{found[1]}\n{table}\n{found[2]}", text), encoding="utf-8")


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
