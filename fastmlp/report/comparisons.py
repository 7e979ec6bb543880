"""Paired comparisons of accuracy: each is made once in a study, in one family, and so has one verdict in the book.

A family is a question that is asked in every cell. Which strategies it sets against each other follows from the plan
and never from the numbers, and it is corrected over all cells together: the error is that of the whole study, and
problems that share a comparison, as those with one target share that of scratch with the baseline, share its verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

from ..stats import paired_family
from .grid import BASELINE, PLAIN, Grid, paired

__all__ = ["FEW", "Asked", "Comparisons", "families", "in_families"]

Json = dict[str, Any]
Side = tuple[str, str]  # a problem and a strategy
Asked = tuple[int, Side, Side]  # a number of labels; first minus second

#: With more contestants than these, each is compared with scratch and with the baseline and not with every other: pairs
#: grow with the square, and what is corrected for them all finds nothing. `matrix.contests` then asks who is best.
FEW = 6

OPPOSITE = {"better": "worse", "worse": "better"}


class Comparisons:
    """All comparisons of accuracies that a book tells of.

    Parameters
    ----------
    grid
        The study.
    margin
        The smallest difference that matters.
    """

    def __init__(self, grid: Grid, margin: float) -> None:
        self._grid, self._margin = grid, margin
        self._known: dict[Asked, Json] = {}

    def family(self, asked: Sequence[Asked], *, chosen: bool = False) -> list[Json]:
        """Compare pairs that are looked at together, on the seeds both have finished.

        A pair that an earlier family had is tested again, so that the size of a family does not hang on others, but
        keeps the verdict that it has.

        Parameters
        ----------
        asked
            Pairs.
        chosen
            Whether the numbers chose the first of each, for being the best. It was picked for its luck too, so that a
            test that it is better would err too often, and one that it is tied too seldom: it is tied or undecided.
        """
        ok = self._grid.ok
        values = [paired(ok(*first, n), ok(*second, n)) for n, first, second in asked]
        found = paired_family(values, margin=self._margin)
        together = sum(d.p_different is not None for d in found)
        for (n, first, second), difference in zip(asked, found, strict=True):
            if (n, second, first) not in self._known:
                told = {"n_target": n, "first": first[1], "second": second[1], "planned": len(self._grid.seeds)}
                told |= asdict(difference) | {"together": together}
                if chosen and difference.verdict != "tied":
                    told["verdict"] = "undecided"
                self._known.setdefault((n, first, second), told)
        return [self[pair] for pair in asked]

    def __getitem__(self, pair: Asked) -> Json:
        """Return a comparison that was made, seen from the side that is asked for.

        Returns
        -------
        dict
            `first`, `second` and `n_target`; how many pairs were `planned`; the fields of `stats.Difference`; and how
            many comparisons were tested `together`.

        Raises
        ------
        KeyError
            When no family had it.
        """
        n, first, second = pair
        return self._known[pair] if pair in self._known else _turned(self._known[n, second, first])


def _turned(c: Json) -> Json:
    """The same comparison seen from the other side."""
    mean, low, high = (None if c[k] is None else -c[k] for k in ("mean", "high", "low"))
    verdict = OPPOSITE.get(c["verdict"], c["verdict"])
    sides = {"first": c["second"], "second": c["first"]}
    return c | sides | {"mean": mean, "low": low, "high": high, "verdict": verdict}


def families(grid: Grid) -> dict[str, list[tuple[str, str]]]:
    """Which strategies are compared in which family: (first, second), the difference being first minus second."""
    contestants = grid.contestants
    question = [(second, first) for first, second in combinations(contestants, 2)]
    if len(contestants) > FEW:
        against = PLAIN if PLAIN in contestants else contestants[0]
        question = [(s, against) for s in contestants if s != against]
    transfers = [s for s in contestants if s != PLAIN]
    same_scaler = [control for control, plain in grid.scaler_controls if plain == PLAIN]
    return {
        "question": question,
        "baseline": [(s, BASELINE) for s in contestants if BASELINE in grid.strategies],
        "scaler": list(grid.scaler_controls),
        "weights": [(s, control) for control in same_scaler for s in transfers],
    }


def in_families(grid: Grid, made: Comparisons) -> dict[str, dict[str, list[Json]]]:
    """Every family of the plan, by problem and by what it is about; sizes rise."""
    by_problem: dict[str, dict[str, list[Json]]] = {p: {} for p in grid.problems}
    for kind, pairs in families(grid).items():
        cells = [(p, n) for p in grid.problems for n in grid.sizes]
        made.family([(n, (p, first), (p, second)) for p, n in cells for first, second in pairs])
        for p in grid.problems:
            by_problem[p][kind] = [made[n, (p, first), (p, second)] for n in grid.sizes for first, second in pairs]
    return by_problem
