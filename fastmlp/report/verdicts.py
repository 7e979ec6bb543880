"""The verdicts of a study as flat rows, and its best strategies: what the report says, for programs."""

from __future__ import annotations

from typing import Literal, SupportsIndex, TypedDict, overload

from ..checks import is_whole
from ..errors import InvalidInput, UnknownName, shown
from ..notebook import html_table, text_table
from . import format as fmt
from .measures import Mean
from .study import Contest, Study

__all__ = ["Best", "Verdict", "Verdicts", "best", "check_size", "sole_problem", "verdicts", "winners_by_problem"]


class Verdict(TypedDict):
    """One comparison: two strategies with as many labels, paired by seed; the first minus the second.

    `family` is the question that it belongs to: see `pairs.FAMILIES`. `difference` and its 95 % interval, `low` to
    `high`, are shares of the held-out examples: a point is 0.01. It rests on `n` of the `planned` seeds, and the
    p-values are corrected for the `together` comparisons of its family. `verdict` says what the first is, and
    `reason` why that cannot be said, or is None; it is *unstable* where too many trainings of one of the two ended far
    above their lowest loss.
    """

    family: str
    problem: str
    n_target: int
    first: str
    second: str
    second_problem: str
    difference: float | None
    low: float | None
    high: float | None
    verdict: str
    n: int
    planned: int
    together: int
    p_different: float | None
    p_equivalent: float | None
    reason: Literal["no data", "one seed", "no spread", "unstable"] | None


class Verdicts(list[Verdict]):
    """Comparisons, one dict each, which print as a table and are shown as one by notebooks; so are slices of them.

    ``pandas.DataFrame(verdicts)`` is a frame.
    """

    HEADS = ("problem", "labels", "first", "second", "difference (points)", "95 % interval", "first is")

    @overload
    def __getitem__(self, place: SupportsIndex) -> Verdict: ...
    @overload
    def __getitem__(self, place: slice) -> Verdicts: ...
    def __getitem__(self, place: SupportsIndex | slice) -> Verdict | Verdicts:
        """Return one, or some."""
        return Verdicts(super().__getitem__(place)) if isinstance(place, slice) else super().__getitem__(place)

    def __str__(self) -> str:
        """Lines in which the columns stand below each other, two spaces apart."""
        return text_table([self.HEADS, *map(_words, self)])

    def _repr_html_(self) -> str:
        return html_table("", self.HEADS, map(_words, self))


def _words(v: Verdict) -> tuple[str, ...]:
    """Return a comparison as the words of its row."""
    second = v["second"] if v["second_problem"] == v["problem"] else f"{v['second']} on {v['second_problem']}"
    difference, interval = fmt.points(v["difference"]), fmt.points_interval(v)
    return v["problem"], fmt.count(v["n_target"]), v["first"], second, difference, interval, v["verdict"]


class Best(Contest):
    """The contest of one cell, and the mean `accuracy` of its `top`; None where nothing has finished."""

    problem: str
    n_target: int
    accuracy: Mean | None


def verdicts(study: Study) -> Verdicts:
    """Return all comparisons of a study, each once, in the order of their families."""
    return Verdicts(
        {
            "family": family,
            "problem": pair.first[0],
            "n_target": pair.n_target,
            "first": c["first"],
            "second": c["second"],
            "second_problem": pair.second[0],
            "difference": c["mean"],
            "low": c["low"],
            "high": c["high"],
            "verdict": fmt.verdict(c),
            "n": c["n"],
            "planned": c["planned"],
            "together": c["together"],
            "p_different": c["p_different"],
            "p_equivalent": c["p_equivalent"],
            "reason": c["reason"],
        }
        for family, pair, c in study.pairs
    )


def best(study: Study, n_target: object, problem: str | None = None) -> Best:
    """Return which strategies may be the best with some number of labels.

    Raises
    ------
    InvalidInput
        If the study has no such size, has no contestants, or has several problems and none is named.
    UnknownName
        If it has no such problem.
    """
    name, size = sole_problem(study, problem), check_size(study, n_target)
    contest = study.contests.get((name, size))
    if contest is None:
        raise InvalidInput(f"the study has no strategies to choose from, only {', '.join(study.grid.strategies)}")
    top = contest["top"]
    accuracy = None if top is None else study.measures[name][top][study.grid.sizes.index(size)]["accuracy"]
    return {**contest, "problem": name, "n_target": size, "accuracy": accuracy}


def check_size(study: Study, n_target: object) -> int:
    """Return a number of labels that a study has.

    Raises
    ------
    InvalidInput
        If it has no such size.
    """
    sizes = study.grid.sizes
    if not is_whole(n_target) or n_target not in sizes:
        raise InvalidInput(f"n_target is {shown(n_target)}; the study has {', '.join(map(str, sizes))}")
    return int(n_target)


def sole_problem(study: Study, problem: str | None) -> str:
    """Return the problem that is named, or the only one.

    Raises
    ------
    UnknownName
        If the study has no such problem.
    InvalidInput
        If it has several and none is named.
    """
    names = study.grid.problems
    if problem is None and len(names) > 1:
        raise InvalidInput(f"problem is None, and the study has several; name one of {', '.join(names)}")
    if problem is not None and problem not in names:
        raise UnknownName("problem", problem, names)
    return names[0] if problem is None else problem


def winners_by_problem(study: Study) -> list[list[str]]:
    """Return a row for each problem: its name, and for each size those that may be the best, the highest mean first."""

    def cell(problem: str, n: int) -> str:
        contest = study.contests.get((problem, n))
        if contest is None or contest["top"] is None:
            return "–"
        return ", ".join([contest["top"], *(s for s in contest["winners"] if s != contest["top"])])

    return [[p, *(cell(p, n) for n in study.grid.sizes)] for p in study.grid.problems]
