"""Tables of what is said of every cell or of every problem at once: a row a problem or a strategy, and shades."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .grid import PLAIN
from .tables import cell, head, name_head

__all__ = ["EVERYWHERE"]

Json = dict[str, Any]

#: Where the shade of a cell changes, from 4, the nearest to the pretrained network or to the best, to 0.
DRIFTS = (0.05, 0.1, 0.2, 0.4)
CKA_LOST = (0.01, 0.03, 0.1, 0.3)
POINTS = (0.01, 0.02, 0.05, 0.10)
SOONER = (1.0, 0.75, 0.5, 0.25)  # of scratch's own updates
EVERY = 5  # of the thresholds of a profile, its table shows every fifth


def negative(found: Json, order: Sequence[Json]) -> Json:
    """In each cell, how many strategies that transfer are worse than scratch; a row a problem."""
    by_name = {p["name"]: p for p in found["problems"]}
    rows = [[cell("name", p["name"]), *(cell("harm", c) for c in by_name[p["name"]]["cells"])] for p in order]
    sizes = [c["n_target"] for c in found["problems"][0]["cells"]]
    columns = [head("problem", number=False), *({"head": cell("labels", n), "number": True} for n in sizes)]
    return {"columns": columns, "rows": rows}


def ranks(found: Json) -> Json:
    """Average ranks, best first, and the probability to do better than each opponent."""
    opponents = found["opponents"]
    return {
        "columns": [head("strategy", number=False), head("average rank"), *map(name_head, opponents)],
        "rows": [
            [
                cell("name", row["strategy"]),
                cell("rank", row["rank"]),
                *(cell("chance", row["beats"].get(opponent)) for opponent in opponents),
            ]
            for row in found["ranks"]
        ],
    }


def profiles(found: Json) -> Json:
    """How often each strategy exceeds an accuracy, a row an accuracy."""
    lines = found["profiles"]
    taus = [point["tau"] for point in lines[0]["points"]] if lines else []
    return {
        "columns": [head("accuracy above"), *(name_head(line["strategy"]) for line in lines)],
        "rows": [
            [cell("percent0", tau), *(cell("chance", line["points"][k]) for line in lines)]
            for k, tau in enumerate(taus)
            if k % EVERY == 0
        ],
    }


def sensitivity(found: Json) -> Json:
    """Cells that agree, contradict and are undecided: a row a threshold of similarity, a column one of labels."""
    return _thresholds(found, lambda c: cell("tally", c))


def sensitive_regret(found: Json) -> Json:
    """What CS231n's rule costs, for the same thresholds; the darker, the cheaper."""
    least = found["least"] or 0.0

    def shown(c: Json) -> Json:
        mean = c["regret"]["mean"]
        shade = {} if mean is None else {"shade": sum(mean - least < step / 2 for step in POINTS)}
        return cell("cost", c["regret"]) | shade

    return _thresholds(found, shown)


def _thresholds(found: Json, show: Callable[[Json], Json]) -> Json:
    heads = ({"head": cell("up_to_labels", n), "number": True} for n in found["little"])
    return {
        "columns": [head("similar from"), *heads],
        "rows": [[cell("number2", row["similar_from"]), *map(show, row["cells"])] for row in found["rows"]],
    }


def drifts(problems: Sequence[Json]) -> Json:
    """Drift of each layer of the body, a row a strategy and a column a problem; the darker, the less."""
    return _by_problem(problems, lambda row, _: _layers(row["drift"][:-1], lambda x: x, DRIFTS))


def ckas(problems: Sequence[Json]) -> Json:
    """CKA of each layer with the pretrained one, a row a strategy, a column a problem; the darker, the more alike."""
    return _by_problem(problems, lambda row, _: _layers(row["cka"], lambda x: 1 - x, CKA_LOST))


def kept(problems: Sequence[Json]) -> Json:
    """Accuracy that is kept on the source task, a row a strategy and a column a problem."""
    return _by_problem(problems, lambda row, rows: _behind(row["kept"], [r["kept"] for r in rows]))


def shifted(problems: Sequence[Json], shift: str) -> Json:
    """Accuracy under a shift, a row a strategy and a column a problem."""
    return _by_problem(problems, lambda row, rows: _behind(row["shifts"][shift], [r["shifts"][shift] for r in rows]))


def soon(problems: Sequence[Json]) -> Json:
    """Updates until scratch's last loss is reached, by those that ever do; shaded if fewer than scratch's own."""

    def show(row: Json, rows: Sequence[Json]) -> Json:
        own = next((r["soon"]["steps"] for r in rows if r["strategy"] == PLAIN), None)
        steps = row["soon"]["steps"]
        if own is None or not row["soon"]["reached"]:
            return cell("count", None)
        shade = {} if steps is None else {"shade": sum(steps < share * own for share in SOONER)}
        return cell("soon", row["soon"]) | shade

    return _by_problem(problems, show)


def learned(problem: Json) -> Json:
    """Accuracy in training after some epochs on one problem, a row a strategy and a column an epoch."""
    rows = [row for row in problem["inside"]["rows"] if row["learned"]]
    epochs = sorted({point["epoch"] for row in rows for point in row["learned"]})
    known = {row["strategy"]: {point["epoch"]: point for point in row["learned"]} for row in rows}
    return {
        "columns": [head("strategy", number=False), *({"head": cell("epoch", n), "number": True} for n in epochs)],
        "rows": [
            [
                cell("name", s),
                *(cell("percent_short", points[n]) if n in points else cell("count", None) for n in epochs),
            ]
            for s, points in known.items()
        ],
    }


def _by_problem(problems: Sequence[Json], show: Callable[[Json, Sequence[Json]], Json]) -> Json:
    """A row a strategy that was looked into and has something to show, a column a problem."""
    shown: dict[str, dict[str, Json]] = {}
    for p in problems:
        rows = p["inside"]["rows"]
        for row in rows:
            if (found := show(row, rows))["value"] is not None:
                shown.setdefault(row["strategy"], {})[p["name"]] = found
    names = [p["name"] for p in problems]
    return {
        "columns": [head("strategy", number=False), *map(name_head, names)],
        "rows": [[cell("name", s), *(cells.get(p, cell("count", None)) for p in names)] for s, cells in shown.items()],
    }


def _layers(means: Sequence[Json], distance: Callable[[float], float], steps: Sequence[float]) -> Json:
    """A number a layer in one cell, its shade that of the layer farthest from the start."""
    known = [distance(m["mean"]) for m in means if m["mean"] is not None]
    if not known:
        return cell("count", None)
    return cell("by_layer", list(means)) | {"shade": sum(max(known) < step for step in steps)}


def _behind(mean: Json, column: Sequence[Json]) -> Json:
    """A share with a shade for how far it is behind the best of its column."""
    if mean["mean"] is None:
        return cell("count", None)
    best = max(m["mean"] for m in column if m["mean"] is not None)
    return cell("percent_short", mean) | {"shade": sum(best - mean["mean"] < step for step in POINTS)}


def gradient(found: Json) -> Json:
    """The gradient check of the study's network, a row a weight matrix or a bias."""
    return {
        "columns": [head("part", number=False), *map(head, ("parameters", "checked", "relative error"))],
        "rows": [
            [
                cell("name", p["name"]),
                *(cell("count", p[k]) for k in ("parameters", "checked")),
                cell("number", p["error"]),
            ]
            for p in found["parts"]
        ],
    }


EVERYWHERE: dict[str, Callable[..., Json]] = {
    f.__name__: f
    for f in (
        *(ckas, drifts, gradient, kept, learned, negative),
        *(profiles, ranks, sensitive_regret, sensitivity, shifted, soon),
    )
}
