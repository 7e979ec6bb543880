"""Tables of the report, as data: columns, and rows of cells that know their kind.

A cell is {"kind": ..., "value": ...}; `filters.show` makes it text, each format's macros make it markup. The first cell
of a row is its header. The data table of a figure is made here too, from the dict that the figure is drawn from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .grid import PARTS

__all__ = ["TABLES"]

Json = dict[str, Any]

#: Epochs whose losses a table shows, as shares of the training.
SHARES = (0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1)


def cell(kind: str, value: Any) -> Json:
    """One cell, to be shown as its kind says."""
    return {"kind": kind, "value": value}


def head(text: str, *, number: bool = True) -> Json:
    """A column of numbers, or of words."""
    return {"head": cell("text", text), "number": number}


def name_head(name: str) -> Json:
    """A column of numbers about one strategy."""
    return {"head": cell("name", name), "number": True}


def accuracy(measures: Mapping[str, Sequence[Json]]) -> Json:
    """Held-out accuracy, a row a size and a column a strategy."""
    sizes = [m["n_target"] for m in next(iter(measures.values()), [])]
    rows = [
        [cell("count", n), *(cell("percent_mean", values[k]["accuracy"]) for values in measures.values())]
        for k, n in enumerate(sizes)
    ]
    return {"columns": [head("labels"), *map(name_head, measures)], "rows": rows}


def measures(cells: Sequence[Json]) -> Json:
    """All measures of one strategy, a row a size."""
    heads = ("accuracy, %", "macro F1, %", "AUC, %", "calibration error, %", "log-loss", "seeds")
    return {
        "columns": [head("labels"), *map(head, heads)],
        "rows": [
            [
                cell("count", c["n_target"]),
                cell("percent_mean", c["accuracy"]),
                cell("percent_mean", c["macro_f1"]),
                cell("fine_percent_mean", c["auc"]),
                cell("percent_mean", c["ece"]),
                cell("mean", c["log_loss"]),
                cell("pairs", {"n": c["ok"], "planned": _planned(c)}),
            ]
            for c in cells
        ],
    }


def training(cells: Sequence[Json]) -> Json:
    """Training against held-out accuracy of one strategy, a row a size."""
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


def comparisons(family: Sequence[Json]) -> Json:
    """Paired differences with interval, corrected p-values and verdict."""
    heads = ("difference (points)", "95 % interval", "p, differs", "p, tied", "pairs")
    return {
        "columns": [
            head("labels"),
            head("first − second", number=False),
            *map(head, heads),
            head("first is", number=False),
        ],
        "rows": [
            [
                cell("count", c["n_target"]),
                cell("difference", {"first": c["first"], "second": c["second"]}),
                cell("points", c["mean"]),
                cell("points_interval", c),
                cell("p_value", c["p_different"]),
                cell("p_value", c["p_equivalent"]),
                cell("pairs", {"n": c["n"], "planned": c["planned"]}),
                cell("verdict", c),
            ]
            for c in family
        ],
    }


def answers(problem: Json) -> Json:
    """The answer by size: who has the highest mean, who is tied with it, who is behind, and the baseline."""
    against = {(c["n_target"], c["first"]): c for c in problem["comparisons"]["baseline"]}
    columns = ("highest mean", "tied with it", "undecided", "behind", "it against the baseline")
    return {
        "columns": [head("labels"), *(head(text, number=False) for text in columns)],
        "rows": [
            [
                cell("count", size["n_target"]),
                cell("names", [size["top"]] if size["top"] else []),
                *(cell("names", size[place]) for place in ("tied", "undecided", "behind")),
                _verdict_or_dash(against.get((size["n_target"], size["top"]))),
            ]
            for size in problem["answer"]["sizes"]
        ],
    }


def curves(series: Sequence[Json]) -> Json:
    """Median loss and its range over seeds at some epochs, a column a curve."""
    epochs = _some_epochs(max((len(c["epochs"]) for c in series), default=0))
    return {
        "columns": [head("epoch"), *(_curve_head(c) for c in series)],
        "rows": [[cell("count", epoch), *(cell("range", _at(c, epoch)) for c in series)] for epoch in epochs],
    }


def counts(summary: Json) -> Json:
    """How many trials ended how, a row a strategy."""
    statuses = ("ok", "diverged", "failed", "missing")
    rows = [
        [cell("name", c["strategy"]), *(cell("count", c[status]) for status in statuses)]
        for c in summary["counts"]["by_strategy"]
    ]
    total = [cell("text", "all"), *(cell("count", summary["counts"][status]) for status in statuses)]
    return {"columns": [head("strategy", number=False), *map(head, statuses)], "rows": [*rows, total]}


def lossy(cells: Sequence[Json]) -> Json:
    """The cells in which a trial diverged or failed."""
    columns = [head("strategy", number=False), head("problem", number=False)]
    return {
        "columns": [*columns, *map(head, ("labels", "ok", "diverged", "failed", "missing"))],
        "rows": [
            [
                cell("name", c["strategy"]),
                cell("name", c["problem"]),
                *(cell("count", c[k]) for k in ("n_target", "ok", "diverged", "failed", "missing")),
            ]
            for c in cells
        ],
    }


def h_scores(pretraining: Json) -> Json:
    """H-scores on the probe set and the similarity they make."""
    rows = {
        "random weights": pretraining["h_score_random"],
        "pretrained on the source task": pretraining["h_score"],
        "pretrained on the target task itself": pretraining["h_score_target"],
        "similarity, from 0 to 1": pretraining["similarity"],
    }
    return {
        "columns": [head("features of", number=False), head("H-score"), head("seeds")],
        "rows": [[cell("text", k), cell("mean", m), cell("count", m["n"])] for k, m in rows.items()],
    }


def split(facts: Json) -> Json:
    """Sizes of the parts of the split."""
    return {
        "columns": [head("part", number=False), head("examples")],
        "rows": [[cell("text", text), cell("count", facts[k])] for k, text in PARTS.items() if k in facts],
    }


def checks(worked: Json) -> Json:
    """The gradient of the worked network against central differences, a row a parameter."""
    heads = ("by the formula", "by moving it", "difference")
    return {
        "columns": [head("parameter", number=False), *map(head, heads)],
        "rows": [
            [
                cell("name", c["parameter"]),
                *(cell("fixed", c[k]) for k in ("gradient", "slope")),
                cell("number", c["error"]),
            ]
            for c in worked["checks"]
        ],
    }


def listing(pairs: Sequence[Json], kind: str = "text") -> Json:
    """Names and values: settings, versions."""
    return {
        "columns": [head("name", number=False), head("value", number=False)],
        "rows": [[cell("name", p["name"]), cell(kind, p["value"])] for p in pairs],
    }


def _planned(c: Json) -> int:
    return int(c["ok"] + c["diverged"] + c["failed"] + c["missing"])


def _verdict_or_dash(comparison: Json | None) -> Json:
    return cell("verdict", comparison) if comparison and comparison["n"] else cell("count", None)


def _curve_head(curve: Json) -> Json:
    if "strategy" not in curve:
        return head("median loss (range)")
    return {"head": cell("curve", curve), "number": True}


def _at(curve: Json, epoch: int) -> Json | None:
    """A curve at one epoch, or None where it has ended."""
    if epoch > len(curve["epochs"]):
        return None
    return {part: curve[part][epoch - 1] for part in ("median", "low", "high")}


def _some_epochs(n: int) -> list[int]:
    """A few of n epochs, the first and the last among them, denser where losses fall."""
    return sorted({1 + round(share * (n - 1)) for share in SHARES}) if n else []


TABLES: dict[str, Callable[..., Json]] = {
    f.__name__: f
    for f in (
        accuracy,
        answers,
        checks,
        comparisons,
        counts,
        curves,
        h_scores,
        listing,
        lossy,
        measures,
        split,
        training,
    )
}
