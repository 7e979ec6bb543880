"""``python -m bench history``: its options. What does the work, asv and drawing, is imported when it is asked for."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_to(commands: Any) -> None:
    """Add the command to a parser."""
    command = commands.add_parser(
        "history",
        help="draw what asv has stored",
        description="Draw each benchmark's series, and write history.json beside the page.",
    )
    command.add_argument(
        "--results", type=Path, metavar="DIR", help="asv's results, those of asv.conf.json if not given"
    )
    command.add_argument("--out", type=Path, default=Path("history.html"), metavar="FILE", help="default %(default)s")
    command.add_argument("--machine", metavar="NAME", help="whose results; that with the most, if not given")
    command.add_argument("--bench", default="", metavar="REGEX", help="which benchmarks; all, if not given")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Draw; see `page.draw`."""
    from .page import draw

    return draw(options.results, options.out, options.machine, options.bench)
