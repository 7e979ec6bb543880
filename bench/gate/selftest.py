"""``python -m bench rehearse``: the gate in short, on the working tree against itself.

It builds, starts a pair of workers, takes a few rounds, and makes the noiseless checks. It says nothing about speed, so
noise cannot change the outcome: it fails if measuring fails, if a check fails, or if two runs have other results.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from . import render
from .build import WORKING_TREE, Build, Wanted, build_all
from .checks import check_builds
from .compare import Log, Settings, log_to_stderr, measure, warm
from .isolation import scratch_folder
from .selection import HEADLINE
from .verdict import Comparison, Estimate, Result, Verdict
from .worker import CONTROL

ROOT = Path(__file__).parents[2]
NAMES = HEADLINE[:2]
ROUNDS = 2
CACHE = "NUMBA_CACHE_DIR"


class Rehearsed(Build):
    """A build with the user's compile cache, which the tests have filled: its entries are keyed by the code."""

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables of its processes."""
        own = {name: value for name, value in super().environment.items() if name != CACHE}
        return own | {name: value for name, value in os.environ.items() if name == CACHE}


def add_to(commands: Any) -> None:
    """Add the command to a parser."""
    command = commands.add_parser(
        "rehearse", help="the working tree against itself: checks, no speed", description=__doc__
    )
    command.set_defaults(run=lambda _: run(log_to_stderr))


def run(log: Log) -> int:
    """Build the working tree, measure it and check it against itself; return 0, 1 or 5 as the gate does."""
    start = time.monotonic()
    with scratch_folder() as folder:
        log("building")
        (built,) = build_all(ROOT, (Wanted("head", WORKING_TREE),), folder)
        build = Rehearsed(**vars(built))
        log(f"built in {time.monotonic() - start:.0f} s")
        warm([build], list(NAMES))
        checks = check_builds((build, build), log)
        results, control = rehearse(build, log)
    seconds = time.monotonic() - start
    comparison = Comparison(WORKING_TREE, WORKING_TREE, tuple(results), control, seconds, tuple(checks))
    sys.stdout.write(render.text(comparison))
    return comparison.exit_code


def rehearse(build: Build, log: Log) -> tuple[list[Result], Estimate | None]:
    """Time a few benchmarks against themselves once; one that cannot be measured has no verdict."""
    core = min(os.sched_getaffinity(0)) if sys.platform == "linux" else 0
    taken = measure((build, build), list(NAMES), Settings(core, rounds=ROUNDS, least=1, most=1), log)
    estimates = taken.estimates()
    results = [
        Result(name, Verdict.SAME, "by construction", estimates[name])
        if name in estimates
        else Result(name, Verdict.NONE, taken.failed.get(name, "not measured"))
        for name in NAMES
    ]
    return results, estimates.get(CONTROL)
