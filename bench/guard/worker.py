"""The process that a kernel may kill: it reads cases from stdin, and answers each with what is wrong, if anything.

Run as ``python -m bench.guard.worker``.
"""

from __future__ import annotations

import faulthandler
import json
import sys
import traceback
import warnings

import numpy as np

from fastmlp.backends import fallback
from fastmlp.backends.codegen.types import PLAIN as PLAIN_LOOPS
from fastmlp.backends.codegen.types import Tile
from fastmlp.backends.cpu import choose_tile

from .calls import Results, computed, expected
from .cases import OWN, PLAIN, Case
from .pages import guarded

# Relative to the largest number of an array. The backends add in different orders, and a training carries that on.
TOLERANCE = {"float32": 5e-3, "float64": 1e-9}


def tile_of(text: str) -> Tile:
    """Return the tile of a name or a shape; see `cases.TILES`.

    Raises
    ------
    ValueError
        If there can be no such tile.
    """
    if text in {OWN, PLAIN}:
        return choose_tile() if text == OWN else PLAIN_LOOPS
    vector_bytes, rows, vectors, stored = map(int, text.split("x"))
    return Tile("made up", vector_bytes, rows, vectors, stored)


def problem(case: Case) -> str:
    """Say what is wrong with the results of a case; nothing, if nothing is."""
    tile = tile_of(case.tile)
    fallback._tile = tile  # noqa: SLF001  a process has one tile, and only here another than its own
    alone = computed(case, threads=1, cuts=())
    with guarded(case.side) as guard:
        ours = computed(case, threads=case.threads, cuts=case.cuts)
    if fallback.current_tile() is not tile:
        return "vector code cannot be built"
    if not guard.used:
        return "no kernel got an array"
    if guard.spilled:
        return "bytes beside an array were changed"
    return different(ours, alone, 0.0, "plain memory") or different(
        ours, expected(case), TOLERANCE[case.dtype], "the reference"
    )


def different(ours: Results, theirs: Results, tolerance: float, whose: str) -> str:
    """Name the first array that differs, and how far; nothing, if none does."""
    for name, mine in ours.items():
        other = theirs[name]
        if mine.size == 0:  # a state that was not asked for
            continue
        scale = max(np.abs(other[np.isfinite(other)]).max(initial=0), 1e-3) if tolerance else 0
        if not np.allclose(mine, other, rtol=0, atol=tolerance * scale, equal_nan=True):
            return f"{name} is off those of {whose} by {np.nanmax(np.abs(mine - other)):.3g}, of {scale:.3g} at most"
    return ""


def main() -> None:
    """Answer until stdin ends."""
    faulthandler.enable()
    warnings.filterwarnings("error", message="vector code cannot be built")
    for line in sys.stdin:
        try:
            answer = problem(Case.read(json.loads(line)))
        except Exception:  # noqa: BLE001  whatever it is, the case has failed
            answer = traceback.format_exc()
        sys.stdout.write(json.dumps({"problem": answer}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
