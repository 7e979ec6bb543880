"""Paired comparisons of accuracy: each pair is compared once in a study, in one family, and so has one verdict.

A family is a question that is asked in every cell. Its pairs follow from the plan and never from the results, and it is
corrected over all cells together, so the error rate holds for the whole study. Problems that share a comparison, as
those with one target share that of scratch with the baseline, share its verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Literal, NamedTuple, TypedDict

from .. import stats
from .grid import BASELINE, PLAIN, Grid, paired
from .stability import Place
from .strategies import family_of

__all__ = [
    "BEST",
    "CROSSINGS",
    "FAMILIES",
    "FEW",
    "PREPARATIONS",
    "Comparison",
    "Difference",
    "Pair",
    "Pairs",
    "difference_of",
    "is_same",
    "transplanted",
]

Side = tuple[str, str]  # a problem and a strategy
Verdict = Literal["better", "worse", "tied", "undecided"]


class Pair(NamedTuple):
    """Two trained networks with as many labels; the difference is the first minus the second."""

    n_target: int
    first: Side
    second: Side


class Difference(TypedDict):
    """A paired difference, first minus second, and its verdict: see `stats.Difference`."""

    n: int
    mean: float | None
    low: float | None
    high: float | None
    p_different: float | None
    p_equivalent: float | None
    verdict: Verdict
    trivial: bool
    reason: Literal["no data", "one seed", "no spread", "unstable"] | None
    dropped: int


class Comparison(Difference):
    """Two strategies in one cell: who, how many pairs were planned, and how many were tested together.

    `by_tests` is the verdict of the tests. It is the `verdict`, unless the `reason` is that a side is unstable.
    """

    by_tests: Verdict
    n_target: int
    first: str
    second: str
    planned: int
    together: int


#: With more contestants than these, each is compared with scratch and with the baseline and not with every other: the
#: number of pairs grows with the square, and a correction for all of them finds nothing. `Study.contests` then asks
#: which is best.
FEW = 6

#: The family of comparisons that results chose: see `Pairs.against_best`.
BEST = "best"

#: Families of strategies that copy, freeze or probe a number of layers, which is in their name.
LAYERED = ("transplant", "transfuse", "random-frozen", "partial", "probe")
#: Pairs of which one may lead with few labels and the other with many.
CROSSINGS = (("frozen", "finetune"), ("bitfit", "finetune"), ("finetune", PLAIN), ("frozen", PLAIN))
#: One source, prepared as the target was, and only made as small.
PREPARATIONS = ("mnist", "mnist-naive")
#: Yosinski's A, pretrained on the other classes, and B, pretrained on the same.
AXIS = {"A": "halves", "B": "halves-self"}


class Pairs:
    """All comparisons of accuracy in a study: its families are tested at once, in their order.

    Parameters
    ----------
    grid
        The records.
    margin
        The smallest difference that matters.
    families
        By name, what says which pairs of a grid are tested together; `FAMILIES` unless it is given.
    unsteady
        Where trainings are unstable often: see `stability.unsteady`. A pair with such a side is tested with all others,
        so that no correction depends on it, and is undecided: what its networks reach is an accident of their last
        updates, and to conclude from it would be wrong for either side.
    """

    def __init__(
        self,
        grid: Grid,
        margin: float,
        families: Mapping[str, Callable[[Grid], list[Pair]]] | None = None,
        unsteady: Collection[Place] = (),
    ) -> None:
        self._grid, self._margin, self._unsteady = grid, margin, unsteady
        self._made: dict[Pair, Comparison] = {}
        self._families = {name: pairs_of(grid) for name, pairs_of in (families or FAMILIES).items()}
        self._family_of: dict[Pair, str] = {}
        for name, pairs in self._families.items():
            self._compare(pairs, name)

    def against_best(self, pairs: Sequence[Pair]) -> None:
        """Compare the best strategy of each cell, which the results chose, with the others.

        It was chosen for its luck too, so a test that it is better would err too often, and one that it is tied too
        seldom: it is tied or undecided.
        """
        self._compare(pairs, BEST)

    def family(self, name: str, problem: str | None = None) -> list[Comparison]:
        """Return the comparisons of one family, in its order: all, or those of one problem."""
        return [self[pair] for pair in self._families[name] if problem in {None, pair.first[0]}]

    def __iter__(self) -> Iterator[tuple[str, Pair, Comparison]]:
        """Go through all comparisons that were made, each once, with the family whose verdict it has."""
        return ((self._family_of[pair], pair, comparison) for pair, comparison in self._made.items())

    def _compare(self, pairs: Sequence[Pair], family: str) -> None:
        """Test pairs together.

        A pair of an earlier family is tested again, so that the size of a family does not depend on others, but it
        keeps the verdict that it has.
        """
        ok = self._grid.ok
        values = (paired(ok(*first, n), ok(*second, n)) for n, first, second in pairs)  # of many seeds, one at a time
        differences = stats.paired_family(values, margin=self._margin)
        together = sum(d.p_different is not None for d in differences)
        for pair, difference in zip(pairs, differences, strict=True):
            if pair not in self._made and _swap(pair) not in self._made:
                made = _comparison(pair, difference, self._planned(pair), together)
                if family == BEST and difference.verdict != "tied":
                    made["verdict"] = made["by_tests"] = "undecided"
                if not made["reason"] and any((*side, pair.n_target) in self._unsteady for side in pair[1:]):
                    made["verdict"], made["reason"] = "undecided", "unstable"
                self._made[pair], self._family_of[pair] = made, family

    def _planned(self, pair: Pair) -> int:
        """Return how many seeds both were planned on."""
        sides, sizes_of = (pair.first, pair.second), self._grid.sizes_of
        out = any(self._grid.left_out(p, s) or pair.n_target not in sizes_of[p] for p, s in sides)
        return 0 if out else len(self._grid.seeds)

    def __getitem__(self, pair: Pair | tuple[int, Side, Side]) -> Comparison:
        """Return a comparison that was made, seen from either side.

        Raises
        ------
        KeyError
            If no family has the pair.
        """
        pair = Pair(*pair)
        return self._made[pair] if pair in self._made else _seen_from_second(self._made[_swap(pair)])


def difference_of(d: stats.Difference) -> Difference:
    """Return the fields of a difference."""
    return {
        "n": d.n,
        "mean": d.mean,
        "low": d.low,
        "high": d.high,
        "p_different": d.p_different,
        "p_equivalent": d.p_equivalent,
        "verdict": d.verdict,
        "trivial": d.trivial,
        "reason": d.reason,
        "dropped": d.dropped,
    }


def is_same(found: Difference) -> bool:
    """Whether both sides have the very same accuracy on all seeds."""
    return found["mean"] == 0 and found["reason"] == "no spread"


def _comparison(pair: Pair, difference: stats.Difference, planned: int, together: int) -> Comparison:
    return {
        **difference_of(difference),
        "by_tests": difference.verdict,
        "n_target": pair.n_target,
        "first": pair.first[1],
        "second": pair.second[1],
        "planned": planned,
        "together": together,
    }


def _swap(pair: Pair) -> Pair:
    return Pair(pair.n_target, pair.second, pair.first)


def _seen_from_second(c: Comparison) -> Comparison:
    swapped = c.copy()
    swapped["first"], swapped["second"] = c["second"], c["first"]
    swapped["mean"], swapped["low"], swapped["high"] = (
        None if x is None else -x for x in (c["mean"], c["high"], c["low"])
    )
    swapped["verdict"], swapped["by_tests"] = _turned(c["verdict"]), _turned(c["by_tests"])
    return swapped


def _turned(verdict: Verdict) -> Verdict:
    return "worse" if verdict == "better" else "better" if verdict == "worse" else verdict


def _in_every_cell(grid: Grid, strategies: Sequence[tuple[str, str]]) -> list[Pair]:
    return [Pair(n, (p, first), (p, second)) for p in grid.problems for n in grid.sizes for first, second in strategies]


def _question(grid: Grid) -> list[Pair]:
    """Ask which contestant is best: each with each where they are few, else each with scratch."""
    contestants = grid.contestants
    pairs = [(second, first) for first, second in combinations(contestants, 2)]
    if len(contestants) > FEW:
        against = PLAIN if PLAIN in contestants else contestants[0]
        pairs = [(s, against) for s in contestants if s != against]
    return _in_every_cell(grid, pairs)


def _baseline(grid: Grid) -> list[Pair]:
    """Ask whether a contestant is better than the baseline."""
    return _in_every_cell(grid, [(s, BASELINE) for s in grid.contestants if BASELINE in grid.strategies])


def _scaler(grid: Grid) -> list[Pair]:
    """Ask what the source's scaler is worth alone."""
    return _in_every_cell(grid, grid.scaler_controls)


def _weights(grid: Grid) -> list[Pair]:
    """Ask what pretrained weights are worth beyond the scaler, of strategies that start from them."""
    controls = [control for control, plain in grid.scaler_controls if plain == PLAIN]
    return _in_every_cell(grid, [(s, control) for control in controls for s in grid.transferring])


def _freezing(grid: Grid) -> list[Pair]:
    """Ask whether it is better to fine-tune or to freeze."""
    both = {"frozen", "finetune"} <= set(grid.strategies)
    return _in_every_cell(grid, [("finetune", "frozen")] if both else [])


def _crossings(grid: Grid) -> list[Pair]:
    """Ask who leads, of pairs whose learning curves may cross."""
    return _in_every_cell(grid, [pair for pair in CROSSINGS if set(pair) <= set(grid.strategies)])


def _matched(grid: Grid) -> list[Pair]:
    """Ask what pretrained weights are worth beside random ones that may move the same, through the same scaler."""
    return _in_every_cell(grid, grid.matched_controls)


def _foreign(grid: Grid) -> list[Pair]:
    """Ask what was computed elsewhere against each contestant and the baseline."""
    ours = [*grid.contestants, *([BASELINE] if BASELINE in grid.strategies else [])]
    return _in_every_cell(grid, [(method, s) for method in grid.foreign for s in ours])


def _preparation(grid: Grid) -> list[Pair]:
    """Ask what it is worth to prepare the source's inputs as the target's were."""
    alike, naive = PREPARATIONS
    both = {alike, naive} <= set(grid.problems)
    return [Pair(n, (alike, s), (naive, s)) for n in grid.sizes for s in grid.transferring if both]


def _mistakes(grid: Grid) -> list[Pair]:
    """Ask what a mistake in the preparation of inputs costs whoever transfers."""
    both = grid.mistaken.items()
    return [Pair(n, (wrong, s), (right, s)) for wrong, right in both for n in grid.sizes for s in grid.transferring]


def transplanted(grid: Grid) -> list[tuple[str, str, list[tuple[int, str]]]]:
    """Return problem, family and (number of layers, strategy), shallowest first, where there is more than one depth."""
    by_family = {
        family: sorted(
            (int(s.rpartition("-")[2]), s) for s in grid.strategies if s[-1].isdigit() and family_of(s) == family
        )
        for family in LAYERED
    }
    return [(p, family, members) for p in grid.problems for family, members in by_family.items() if len(members) > 1]


def _layers(grid: Grid) -> list[Pair]:
    """Ask whether the deepest and the shallowest of a family differ, at the largest size."""
    n = grid.sizes[-1]
    return [Pair(n, (p, members[-1][1]), (p, members[0][1])) for p, _, members in transplanted(grid)]


def _yosinski(grid: Grid) -> list[Pair]:
    """Yosinski's four differences, layer by layer: see `chapters.layers`."""
    return [pair for _, _, pair in yosinski_pairs(grid)]


def yosinski_pairs(grid: Grid) -> Iterator[tuple[int, str, Pair]]:
    """Yield the depth, the kind of difference and the pair; nothing where the study is not that experiment."""
    depths = sorted(int(s.rpartition("-")[2]) for s in grid.strategies if family_of(s) == "transplant")
    if not depths or not set(AXIS.values()) <= set(grid.problems):
        return
    base = next((control for control, plain in grid.controls.items() if plain == PLAIN), PLAIN)
    n, a, b = grid.sizes[-1], AXIS["A"], AXIS["B"]
    for k in depths:
        yield k, "fragile", Pair(n, (b, base), (b, f"transplant-{k}"))
        yield k, "specific", Pair(n, (b, f"transplant-{k}"), (a, f"transplant-{k}"))
        yield k, "recovered", Pair(n, (b, f"transfuse-{k}"), (b, base))
        yield k, "beyond_random", Pair(n, (a, f"transplant-{k}"), (a, f"random-frozen-{k}"))


#: Every family, in the order in which it is tested. The order is part of the statistics: a pair of two families has the
#: verdict of the first. So chapters read comparisons and never add any.
FAMILIES: dict[str, Callable[[Grid], list[Pair]]] = {
    "question": _question,
    "baseline": _baseline,
    "scaler": _scaler,
    "weights": _weights,
    "freezing": _freezing,
    "layers": _layers,
    "yosinski": _yosinski,
    "matched": _matched,
    "crossings": _crossings,
    "foreign": _foreign,
    "preparation": _preparation,
    "mistakes": _mistakes,
}
