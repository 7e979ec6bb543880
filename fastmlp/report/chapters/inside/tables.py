"""Tables of the chapter."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...grid import PLAIN
from ...measures import Mean
from ...table import Cell, Table, cell, head, kind_head, name_head, shade
from .numbers import ProblemInside, StrategyInside

Show = Callable[[StrategyInside, Sequence[StrategyInside]], Cell]

#: Where the shade of a cell changes, from 4, the nearest to the pretrained network, to 0.
DRIFTS = (0.05, 0.1, 0.2, 0.4)
CKA_LOST = (0.01, 0.03, 0.1, 0.3)
SOONER = (1.0, 0.75, 0.5, 0.25)  # of scratch's own updates


def inside(data: ProblemInside, stages: Sequence[str] = ()) -> Table:
    """Return drift, CKA, what is kept and accuracy under shifts, one row per strategy; layers may be stages by name."""
    depth, shifts = data["depth"], data["shifts"]
    layers = stages or [f"layer {k + 1}" for k in range(depth - 1)]
    heads = [*(f"drift, {layer}" for layer in (*layers, "head")), *(f"CKA, {layer}" for layer in layers)]
    kept = () if stages else ("source kept, %",)  # the source of a backbone is not here
    heads += [*kept, "accuracy, %", *(f"{k}, %" for k in shifts)]
    return {
        "columns": [head("strategy", number=False), *map(head, heads)],
        "rows": [
            [
                cell("name", row["strategy"]),
                *(_short(row["drift"], k) for k in range(depth)),
                *(_short(row["cka"], k) for k in range(depth - 1)),
                *(cell("percent_short", row["kept"]) for _ in kept),
                cell("percent_short", row["accuracy"]),
                *(cell("percent_short", row["shifts"][k]) for k in shifts),
            ]
            for row in data["rows"]
        ],
    }


def drifts(problems: Sequence[ProblemInside]) -> Table:
    """Return drift of each layer of the body, one row per strategy and one column per problem; the darker, the less."""
    return _by_problem(problems, lambda row, _: _layers(row["drift"][:-1], lambda x: x, DRIFTS))


def ckas(problems: Sequence[ProblemInside]) -> Table:
    """Return CKA of each layer with the pretrained one, one row per strategy; the darker, the more alike."""
    return _by_problem(problems, lambda row, _: _layers(row["cka"], lambda x: 1 - x, CKA_LOST))


def kept(problems: Sequence[ProblemInside]) -> Table:
    """Return accuracy that is kept on the source task, one row per strategy and one column per problem."""
    return _by_problem(problems, lambda row, rows: _behind(row["kept"], [r["kept"] for r in rows]))


def shifted(problems: Sequence[ProblemInside], shift: str) -> Table:
    """Return accuracy under a shift, one row per strategy and one column per problem."""
    return _by_problem(problems, lambda row, rows: _behind(row["shifts"][shift], [r["shifts"][shift] for r in rows]))


def soon(problems: Sequence[ProblemInside]) -> Table:
    """Return updates until scratch's last loss is reached; shaded where they are fewer than scratch's own."""

    def show(row: StrategyInside, rows: Sequence[StrategyInside]) -> Cell:
        own = next((r["soon"]["steps"] for r in rows if r["strategy"] == PLAIN), None)
        steps = row["soon"]["steps"]
        if own is None or not row["soon"]["reached"]:
            return cell("count", None)
        return cell("soon", row["soon"], None if steps is None else sum(steps < share * own for share in SOONER))

    return _by_problem(problems, show)


def learned(problem: ProblemInside) -> Table:
    """Return accuracy in training on one problem, one row per strategy and one column per epoch that all trials had.

    Where trials chose how many epochs they take, the last one is not the same for all.
    """
    rows = {row["strategy"]: {point["epoch"]: point for point in row["learned"]} for row in problem["rows"]}
    whole = [
        {epoch for epoch, point in points.items() if point["n"] == max(p["n"] for p in points.values())}
        for points in rows.values()
        if points
    ]
    epochs = sorted(set.intersection(*whole)) if whole else []
    return {
        "columns": [head("strategy", number=False), *(kind_head("epoch", n) for n in epochs)],
        "rows": [
            [
                cell("name", s),
                *(cell("percent_short", points[n]) if n in points else cell("count", None) for n in epochs),
            ]
            for s, points in rows.items()
            if points
        ],
    }


def _by_problem(problems: Sequence[ProblemInside], show: Show) -> Table:
    """Return one row per strategy that has such measurements, one column per problem."""
    shown: dict[str, dict[str, Cell]] = {}
    for p in problems:
        for row in p["rows"]:
            c = show(row, p["rows"])
            if c["value"] is not None:
                shown.setdefault(row["strategy"], {})[p["name"]] = c
    names = [p["name"] for p in problems]
    return {
        "columns": [head("strategy", number=False), *map(name_head, names)],
        "rows": [[cell("name", s), *(cells.get(p, cell("count", None)) for p in names)] for s, cells in shown.items()],
    }


def _layers(means: Sequence[Mean], distance: Callable[[float], float], steps: Sequence[float]) -> Cell:
    """Make a cell with one number per layer; its shade is that of the layer farthest from the start."""
    distances = [distance(m["mean"]) for m in means if m["mean"] is not None]
    return (
        cell("by_layer", list(means), sum(max(distances) < step for step in steps))
        if distances
        else cell("count", None)
    )


def _behind(mean: Mean, column: Sequence[Mean]) -> Cell:
    """Make a cell of a share, with a shade for how far it is behind the best of its column."""
    if mean["mean"] is None:
        return cell("count", None)
    best = max(m["mean"] for m in column if m["mean"] is not None)
    return cell("percent_short", mean, shade(mean["mean"], best))


def _short(values: Sequence[Mean], k: int) -> Cell:
    return cell("mean_short", values[k]) if k < len(values) else cell("count", None)
