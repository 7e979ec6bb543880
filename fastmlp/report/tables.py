"""Tables that more than one chapter shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .measures import CellMeasures, Curve, TrainingCurve
from .problems import Problem
from .table import Cell, Column, Table, cell, head, kind_head, name_head
from .winners import CellContest, ProblemContests, Winners

__all__ = ["accuracy", "by_problem", "curves", "matrix", "problem_columns", "training"]

#: Epochs whose losses a table shows, as shares of the training.
SHARES = (0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1)


def accuracy(measures: Mapping[str, Sequence[CellMeasures]]) -> Table:
    """Return held-out accuracy, one row per size and one column per strategy."""
    sizes = [c["n_target"] for c in next(iter(measures.values()), [])]
    rows = [
        [cell("count", n), *(cell("percent_mean", cells[k]["accuracy"]) for cells in measures.values())]
        for k, n in enumerate(sizes)
    ]
    return {"columns": [head("labels"), *map(name_head, measures)], "rows": rows}


def by_problem(problems: Sequence[Problem], strategy: str, sizes: Sequence[int]) -> Table:
    """Return the accuracy of one strategy, one row per problem and one column per size."""
    return {
        "columns": [head("problem", number=False), *(kind_head("labels", n) for n in sizes)],
        "rows": [
            [cell("name", p["name"]), *(cell("percent_mean", c["accuracy"]) for c in p["measures"][strategy])]
            for p in problems
        ],
    }


def training(cells: Sequence[CellMeasures]) -> Table:
    """Return training against held-out accuracy of one strategy, one row per size."""
    heads = ("labels", "accuracy in training, %", "accuracy held out, %", "loss at the end", "training time")
    return {
        "columns": [head(text) for text in heads],
        "rows": [
            [
                cell("count", c["n_target"]),
                cell("percent_mean", c["train_accuracy"]),
                cell("percent_mean", c["accuracy"]),
                cell("scientific", c["final_loss"]["mean"]),
                cell("seconds", c["train_seconds"]),
            ]
            for c in cells
        ],
    }


def curves(series: Sequence[Curve | TrainingCurve]) -> Table:
    """Return the median loss and its range over seeds at some epochs, one column per curve."""
    epochs = _some_epochs(max((len(c["epochs"]) for c in series), default=0))
    return {
        "columns": [head("epoch"), *(_curve_head(c) for c in series)],
        "rows": [[cell("count", epoch), *(_at(c, epoch) for c in series)] for epoch in epochs],
    }


def _curve_head(curve: Curve | TrainingCurve) -> Column:
    return kind_head("curve", curve) if "strategy" in curve else head("median loss (range)")


def _at(curve: Curve, epoch: int) -> Cell:
    """Return a curve at one epoch, an empty cell where it has ended."""
    if epoch > len(curve["epochs"]):
        return cell("range", None)
    k = epoch - 1
    return cell("range", {"median": curve["median"][k], "low": curve["low"][k], "high": curve["high"][k]})


def _some_epochs(n: int) -> list[int]:
    """Return a few of n epochs, the first and the last among them, denser where losses fall."""
    return sorted({1 + round(share * (n - 1)) for share in SHARES}) if n else []


def matrix(data: Winners) -> Table:
    """Return the best strategy of each cell and how many others may be the best as well, one row per problem."""
    return {
        "columns": problem_columns(data["problems"]),
        "rows": [
            [cell("name", p["name"]), cell("number2", p["similarity"]), *map(_winners_cell, p["cells"])]
            for p in data["problems"]
        ],
    }


def problem_columns(problems: Sequence[ProblemContests]) -> list[Column]:
    """Head the columns of a table with one row per problem, its similarity, and a word for each of its cells."""
    sizes = [c["n_target"] for c in problems[0]["cells"]] if problems else []
    columns = [head("problem", number=False), head("similarity")]
    return [*columns, *(kind_head("labels", n, number=False) for n in sizes)]


def _winners_cell(contest: CellContest) -> Cell:
    others = len(contest["winners"]) - 1 if contest["top"] else 0
    winners = contest["winners"] if contest["top"] else []
    return cell("winners", {"best": contest["top"], "others": others, "winners": winners})
