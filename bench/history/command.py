"""The options of ``python -m bench history``; asv and the drawing are imported only when the command runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_to(commands: Any) -> None:
    """Add the command to a parser."""
    command = commands.add_parser(
        "history",
        help="draw the results that asv has stored",
        description="Draw each benchmark's series, and write history.json beside the page.",
    )
    command.add_argument("--results", type=Path, metavar="DIR", help="asv's results (default: those of asv.conf.json)")
    command.add_argument(
        "--out", type=Path, default=Path("history.html"), metavar="FILE", help="page to write (default: %(default)s)"
    )
    command.add_argument("--machine", metavar="NAME", help="machine to draw (default: the one with the most results)")
    command.add_argument("--bench", default="", metavar="REGEX", help="benchmarks to draw (default: all)")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Draw the history; see `page.draw`."""
    from .page import draw

    return draw(options.results, options.out, options.machine, options.bench)
