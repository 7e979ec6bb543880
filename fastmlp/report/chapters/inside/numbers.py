"""Drift, CKA, what is kept of the source, accuracy under shifts, and how soon a loss is reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from statistics import fmean
from typing import Any, TypedDict

from ....stats import paired_family
from ...grid import PLAIN, Grid, Row, number, paired
from ...improvement import Improvement, improvement
from ...measures import Mean, mean_of
from ...pairs import Difference, difference_of
from ...study import Study

__all__ = ["MeasuredDifference", "Numbers", "ProblemInside", "Soon", "StrategyInside", "numbers"]

SHIFTED = "accuracy_"  # how columns of accuracy under a shift begin
NEVER = -1e300  # as good as minus infinity, which statistics refuse
LP_FT = ("lp-ft", "finetune")
#: The smallest difference of drift that matters: drift is a distance relative to the weights, and no accuracy.
DRIFT_MARGIN = 0.05


class Soon(TypedDict):
    """Median updates until scratch's last loss is reached, None where it is on half the seeds or fewer."""

    steps: int | float | None
    reached: int
    n: int


class Learned(Mean):
    """Mean accuracy in training after an epoch."""

    epoch: int


class StrategyInside(TypedDict):
    """One strategy: means over seeds; drift and CKA layer by layer, from the inputs up."""

    strategy: str
    accuracy: Mean
    drift: list[Mean]
    cka: list[Mean]
    kept: Mean
    shifts: dict[str, Mean]
    soon: Soon
    learned: list[Learned]


class MeasuredDifference(Difference):
    """Two strategies in one number of their records, first minus second; `what` names the number."""

    what: str


class ProblemInside(TypedDict):
    """One problem at its largest size.

    `depth` counts layers, `shifts` names those that were measured. `pairs` are LP-FT minus fine-tuning: in the drift of
    the body, in what is kept of the source and in accuracy under each shift. `shifted` is fine-tuning minus scratch
    under each shift. Each is corrected over all problems, as a sentence counts them; shifts under which neither of the
    two is better than chance are left out and counted in `by_chance`. `soon` says how probable fine-tuning is to reach
    scratch's last loss after fewer updates.
    """

    name: str
    n_target: int
    depth: int
    shifts: list[str]
    rows: list[StrategyInside]
    pairs: list[MeasuredDifference]
    shifted: list[MeasuredDifference]
    by_chance: int
    soon: Improvement | None


class Numbers(TypedDict):
    """The problems with such measurements, by falling similarity; not those whose inputs are prepared with a mistake.

    `compared` says whether CKA was measured, `reached` whether any strategy reached scratch's last loss.
    """

    problems: list[ProblemInside]
    compared: bool
    reached: bool


Asked = tuple[ProblemInside, str, Callable[[Row], float | None]]  # a problem, and a number of its records by name


def numbers(study: Study) -> Numbers | None:
    """Return the numbers of the chapter, or None without such measurements."""
    names = [name for name in study.ordered if name not in study.grid.mistaken]
    problems = [one for name in names if (one := _problem(study, name))]
    rows = [row for one in problems for row in one["rows"]]
    if not problems:
        return None
    _compare_drift(study, problems)
    _compare_under_shifts(study, problems)
    return {
        "problems": problems,
        "compared": any(row["cka"] for row in rows),
        "reached": any(row["soon"]["reached"] for row in rows),
    }


def _problem(study: Study, problem: str) -> ProblemInside | None:
    grid = study.grid
    n = grid.sizes[-1]
    trials = {s: list(grid.ok(problem, s, n).values()) for s in grid.contestants}
    columns = list(dict.fromkeys(k for rows in trials.values() for row in rows for k in row if k.startswith(SHIFTED)))
    rows = [
        _strategy(s, records, columns)
        for s, records in trials.items()
        if any(row.get("drift") or any(number(row, k) is not None for k in columns) for row in records)
    ]
    if not rows:
        return None
    shifts = [k for k in rows[0]["shifts"] if any(row["shifts"][k]["n"] for row in rows)]
    return {
        "name": problem,
        "n_target": n,
        "depth": max(len(row["drift"]) for row in rows),
        "shifts": shifts,
        "rows": rows,
        "pairs": [],
        "shifted": [],
        "by_chance": 0,
        "soon": _sooner(grid, problem),
    }


def _strategy(strategy: str, rows: Sequence[Row], shifted: Sequence[str]) -> StrategyInside:
    return {
        "strategy": strategy,
        "accuracy": mean_of([number(row, "accuracy") for row in rows]),
        "drift": _by_layer([row.get("drift") for row in rows]),
        "cka": _by_layer([row.get("cka") for row in rows]),
        "kept": mean_of([number(row, "source_accuracy_kept") for row in rows]),
        "shifts": {k.removeprefix(SHIFTED): mean_of([number(row, k) for row in rows]) for k in shifted},
        "soon": _soon(rows),
        "learned": _learned(rows),
    }


def _soon(rows: Sequence[Row]) -> Soon:
    """Return on how many seeds scratch's last loss was reached, and after how many updates in the median."""
    reached = sorted(v for row in rows if (v := number(row, "scratch_loss_steps")) is not None)
    half = len(rows) // 2  # what is never reached is later than all that is
    return {"steps": reached[half] if len(reached) > half else None, "reached": len(reached), "n": len(rows)}


def _learned(rows: Sequence[Row]) -> list[Learned]:
    by_epoch: dict[int, list[float | None]] = {}
    for row in rows:
        for epoch, accuracy in row.get("train_accuracies") or ():
            by_epoch.setdefault(int(epoch), []).append(accuracy)
    return [{**mean_of(by_epoch[epoch]), "epoch": epoch} for epoch in sorted(by_epoch)]


def _by_layer(lists: Sequence[Any]) -> list[Mean]:
    """Return the mean over seeds of each layer's number."""
    depth = max((len(values) for values in lists if values), default=0)
    return [mean_of([v[k] if v and k < len(v) else None for v in lists]) for k in range(depth)]


def _compare_drift(study: Study, problems: Sequence[ProblemInside]) -> None:
    """Compare LP-FT with fine-tuning in the drift of the body and in what is kept of the source."""
    for what, column, margin in (
        ("drift", _body_drift, DRIFT_MARGIN),
        ("kept", partial(number, column="source_accuracy_kept"), study.margin),
    ):
        asked = [(one, what, column) for one in problems]
        for one, difference in _family(study, LP_FT, asked, margin):
            one["pairs"].append(difference)


def _compare_under_shifts(study: Study, problems: Sequence[ProblemInside]) -> None:
    """Compare LP-FT with fine-tuning, and that with scratch, in accuracy under each shift of each problem."""
    for pair, where in ((LP_FT, "pairs"), (("finetune", PLAIN), "shifted")):
        asked = []
        for one in problems:
            chance = 1 / (study.facts(one["name"]).get("target_classes") or 1)
            means = {row["strategy"]: row["shifts"] for row in one["rows"] if row["strategy"] in pair}
            seen = [k for k in one["shifts"] if any((shifts[k]["mean"] or 0) > chance for shifts in means.values())]
            one["by_chance"] = max(one["by_chance"], len(one["shifts"]) - len(seen))
            asked += [(one, k, partial(number, column=SHIFTED + k)) for k in seen]
        for one, difference in _family(study, pair, asked, study.margin):
            (one["pairs"] if where == "pairs" else one["shifted"]).append(difference)


def _family(
    study: Study, pair: tuple[str, str], asked: Sequence[Asked], margin: float
) -> Iterator[tuple[ProblemInside, MeasuredDifference]]:
    """Compare two strategies, first minus second, at the largest size: all that one sentence counts, together."""
    grid = study.grid
    if not set(pair) <= set(grid.strategies):
        return
    trials = [tuple(grid.ok(one["name"], s, one["n_target"]) for s in pair) for one, _, _ in asked]
    values = [paired(first, second, of) for (first, second), (_, _, of) in zip(trials, asked, strict=True)]
    for (one, what, _), d in zip(asked, paired_family(values, margin=margin), strict=True):
        yield one, {**difference_of(d), "what": what}


def _sooner(grid: Grid, problem: str) -> Improvement | None:
    """Return how probable fine-tuning is to reach scratch's last loss before scratch; never counts as last."""
    a, b = (grid.ok(problem, s, grid.sizes[-1]) for s in ("finetune", PLAIN))
    both = [(number(a[seed], "scratch_loss_steps"), number(b[seed], "scratch_loss_steps")) for seed in a if seed in b]
    known = [(NEVER if mine is None else -mine, -theirs) for mine, theirs in both if theirs is not None]
    return improvement([mine for mine, _ in known], [theirs for _, theirs in known]) if known else None


def _body_drift(row: Row) -> float | None:
    """Return the mean drift of the layers below the head."""
    drift = [v for v in (row.get("drift") or [])[:-1] if v is not None]
    return fmean(drift) if drift else None
