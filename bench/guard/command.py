"""``python -m bench guard``: random cases, one after the other, in a process that may die of any of them."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from typing import Any

from fastmlp.errors import InvalidInput

from ..child import ONE_THREAD, ChildEnded, Closing, JsonChild
from ..exit_codes import CHECK_FAILED, NO_VERDICT, PASSED
from .cases import OWN, PLAIN, TILES, Case, draw

WORKER = (sys.executable, "-m", "bench.guard.worker")
PATIENCE = 600.0  # seconds for a case, whose kernels may have to be compiled; one that takes longer hangs
MOST_FAILURES = 10
TOLD_EVERY = 500  # cases: some minutes, most of which the first ones wait for the compiler


def add_to(commands: Any) -> None:
    """Add the command to a parser."""
    command = commands.add_parser(
        "guard",
        help="call kernels with arrays between guard pages",
        description="Call the compiled kernels with random arguments, each array between two pages that nobody may "
        "touch, and compare the results with those of plain memory and of the reference. On Linux only.",
    )
    command.add_argument("--cases", type=int, default=1000, metavar="N", help="how many (default: %(default)s)")
    command.add_argument("--seed", type=int, default=0, metavar="S", help="what they are drawn from (default: 0)")
    command.add_argument("--case", type=int, metavar="K", help="this one alone, on each tile")
    command.add_argument(
        "--tile",
        action="append",
        dest="tiles",
        metavar="TILE",
        help=f"the shape of a register tile, vector bytes x rows x vectors x stored vectors, as 64x8x2x1; {OWN}: this "
        f"machine's; {PLAIN}: plain loops; may be given several times (default: {' '.join(TILES)})",
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the cases that the options name.

    Returns
    -------
    int
        0 if all held, 1 if one failed, 5 if they cannot be run here.

    Raises
    ------
    InvalidInput
        If a number is negative, or a tile is none.
    """
    if sys.platform != "linux" or find_spec("numba") is None:
        sys.stderr.write("no verdict: guard pages need Linux, and compiled kernels need numba\n")
        return NO_VERDICT
    tiles = tuple(options.tiles or TILES)
    _check(options, tiles)
    if options.case is not None:
        return check((draw(options.seed, options.case, tile) for tile in tiles), WORKER)
    # The tiles take turns, so that whoever stops early has tried all.
    return check((draw(options.seed, k, tiles[k % len(tiles)]) for k in range(options.cases)), WORKER)


def _check(options: argparse.Namespace, tiles: Sequence[str]) -> None:
    for name in ("cases", "seed", "case"):
        if (getattr(options, name) or 0) < 0:
            raise InvalidInput(f"--{name} must not be negative: {getattr(options, name)}")
    from .worker import tile_of

    for tile in tiles:
        try:
            tile_of(tile)
        except ValueError as error:
            raise InvalidInput(f"--tile {tile} is not like {TILES[1]}, {OWN} or {PLAIN}: {error}") from error


def check(cases: Iterable[Case], worker: Sequence[str]) -> int:
    """Run cases; write a line for each that fails, and how many held on each tile.

    Parameters
    ----------
    worker
        The command of a process like `worker`.
    """
    held, failures = Counter[str](), 0
    with _Worker(worker) as tried:
        for done, case in enumerate(cases, 1):
            problem = tried.problem(case)
            held[case.tile] += not problem
            failures += bool(problem)
            if problem:
                sys.stdout.write(_failure(case, problem))
                sys.stdout.flush()
            if done % TOLD_EVERY == 0:
                sys.stderr.write(f"{done} cases, {failures} failed\n")
            if failures == MOST_FAILURES:
                sys.stdout.write(f"{failures} cases failed, and no more are tried\n")
                break
    on_tiles = ", ".join(f"{number} on {tile}" for tile, number in held.items())
    sys.stdout.write(f"{held.total()} cases held: {on_tiles}; {failures} failed\n")
    return CHECK_FAILED if failures else PASSED


class _Worker(Closing):
    """A process that tries cases, and another one after a case that it died of."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._child = self._start()

    def _start(self) -> JsonChild:
        return JsonChild(self._command, os.environ | ONE_THREAD)

    def problem(self, case: Case) -> str:
        """Say what is wrong with a case; nothing, if nothing is."""
        self._child.send(json.dumps(asdict(case)))
        try:
            found: str = self._child.receive(PATIENCE)["problem"]
        except ChildEnded as end:
            code = self._child.process.wait()
            self.close()
            self._child = self._start()
            return f"{end}: {signal.Signals(-code).name}" if code < 0 else str(end)
        return found

    def close(self) -> None:
        """End the process."""
        self._child.close()


def _failure(case: Case, problem: str) -> str:
    again = f"python -m bench guard --seed {case.seed} --case {case.number} --tile {case.tile}"
    return f"case {case.number} on {case.tile}: {problem}\n  {case}\n  again: {again}\n"
