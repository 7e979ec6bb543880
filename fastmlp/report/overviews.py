"""Tables that show many strategies or many problems at once: a row each, a column a size, and shades for the eye."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .everywhere import POINTS
from .grid import FACTS
from .tables import cell, head, name_head

__all__ = ["OVERVIEWS"]

Json = dict[str, Any]


def matrix(found: Json) -> Json:
    """The best strategy of each cell and how many others cannot be told apart from it; a row a problem."""
    return {
        "columns": _problem_columns(found),
        "rows": [
            [cell("name", p["name"]), cell("number2", p["similarity"]), *(_winners(c) for c in p["cells"])]
            for p in found["problems"]
        ],
    }


def advice(found: Json) -> Json:
    """CS231n's advice and how it fares; a row a problem."""
    held = found["advice"]
    rows = zip(found["problems"], held["advice"], held["marks"], strict=True)
    return {
        "columns": _problem_columns(found),
        "rows": [
            [
                cell("name", p["name"]),
                cell("number2", p["similarity"]),
                *(cell("mark", mark) for _, mark in zip(advices, marks, strict=True)),
            ]
            for p, advices, marks in rows
        ],
    }


def regrets(found: Json) -> Json:
    """What each way of choosing costs, a row each."""
    return {
        "columns": [
            head("choose", number=False),
            head("regret (points)"),
            head("95 % interval"),
            head("cells"),
            head("seeds"),
        ],
        "rows": [
            [
                cell("text", r["advice"]),
                cell("points", r["mean"]),
                cell("points_interval", r),
                cell("count", r["cells"]),
                cell("count", r["n"]),
            ]
            for r in found["regrets"]
        ],
    }


def wins(found: Json) -> Json:
    """In how many cells each strategy may be the best."""
    return {
        "columns": [head("strategy", number=False), head("cells in which it may be the best"), head("of")],
        "rows": [
            [cell("name", w["strategy"]), cell("count", w["cells"]), cell("count", found["cells"])]
            for w in found["wins"]
        ],
    }


def heat(measures: Mapping[str, Sequence[Json]], sizes: Sequence[int]) -> Json:
    """Held-out accuracy, a row a strategy and a column a size, shaded by how far behind the column's best it is."""
    best = [max((m[k]["accuracy"]["mean"] or 0 for m in measures.values()), default=0) for k in range(len(sizes))]
    return {
        "columns": [head("strategy", number=False), *(_size_head(n) for n in sizes)],
        "rows": [
            [
                cell("name", s),
                *(
                    cell("percent_mean", c["accuracy"]) | _shade(c["accuracy"]["mean"], best[k])
                    for k, c in enumerate(cells)
                ),
            ]
            for s, cells in measures.items()
        ],
    }


def effects(family: Sequence[Json], sizes: Sequence[int]) -> Json:
    """Differences with the sign of their verdict, a row a strategy and a column a size."""
    firsts = list(dict.fromkeys(c["first"] for c in family))
    known = {(c["first"], c["n_target"]): c for c in family}
    return {
        "columns": [head("strategy", number=False), *(_size_head(n) for n in sizes)],
        "rows": [[cell("name", s), *(_effect(known.get((s, n))) for n in sizes)] for s in firsts],
    }


def effects_by_problem(problems: Sequence[Json], kind: str, strategy: str, sizes: Sequence[int]) -> Json:
    """The differences of one strategy, a row a problem and a column a size."""
    rows = []
    for p in problems:
        known = {c["n_target"]: c for c in p["comparisons"][kind] if c["first"] == strategy}
        rows.append([cell("name", p["name"]), *(_effect(known.get(n)) for n in sizes)])
    return {"columns": [head("problem", number=False), *(_size_head(n) for n in sizes)], "rows": rows}


def by_problem(problems: Sequence[Json], strategy: str, sizes: Sequence[int]) -> Json:
    """The accuracy of one strategy, a row a problem and a column a size."""
    return {
        "columns": [head("problem", number=False), *(_size_head(n) for n in sizes)],
        "rows": [
            [cell("name", p["name"]), *(cell("percent_mean", c["accuracy"]) for c in p["measures"][strategy])]
            for p in problems
        ],
    }


def panels(problems: Sequence[Json], strategies: Sequence[str]) -> Json:
    """What small multiples show: a row a problem and size, a column a strategy."""
    return {
        "columns": [head("problem", number=False), head("labels"), *map(name_head, strategies)],
        "rows": [
            [
                cell("name", p["name"]),
                cell("count", p["measures"][strategies[0]][k]["n_target"]),
                *(cell("percent_mean", p["measures"][s][k]["accuracy"]) for s in strategies),
            ]
            for p in problems
            for k in range(len(p["measures"][strategies[0]]) if strategies else 0)
        ],
    }


def similarities(problems: Sequence[Json]) -> Json:
    """Pretraining in one row a problem: source accuracy, H-scores, similarity."""
    heads = ("source accuracy, %", "H, random", "H, pretrained", "H, target", "similarity", "seeds")
    return {
        "columns": [head("problem", number=False), *map(head, heads)],
        "rows": [
            [
                cell("name", p["name"]),
                cell("percent_mean", p["pretraining"]["source_accuracy"]),
                *(cell("mean", p["pretraining"][k]) for k in ("h_score_random", "h_score", "h_score_target")),
                cell("mean", p["pretraining"]["similarity"]),
                cell("count", p["pretraining"]["n"]),
            ]
            for p in problems
        ],
    }


def splits(problems: Sequence[Json]) -> Json:
    """Data and split in one row a problem."""
    return {
        "columns": [head("problem", number=False), *map(head, FACTS.values())],
        "rows": [[cell("name", p["name"]), *(cell("count", p["facts"][k]) for k in FACTS)] for p in problems],
    }


def multipliers(rule: Json) -> Json:
    """The table that a strategy is: a row a layer, two columns a phase."""
    phases = rule["phases"]
    several = len(phases) > 1
    columns = [
        head(f"phase {k}: {part}" if several else part)
        for k in range(1, len(phases) + 1)
        for part in ("weights", "biases")
    ]
    depth = len(phases[0]["multipliers"])
    rows = []
    for layer in range(depth):
        label = "head" if layer == depth - 1 else f"layer {layer + 1}"
        rows.append([cell("text", label), *(cell("multiplier", m) for p in phases for m in p["multipliers"][layer])])
    return {"columns": [head("", number=False) | {"head": cell("text", "layer")}, *columns], "rows": rows}


def side_by_side(pairs: Sequence[Json]) -> Json:
    """What differs between two studies, a row a name."""
    return {
        "columns": [head(text, number=False) for text in ("name", "first", "second")],
        "rows": [[cell("name", p["name"]), *(_setting(p[k]) for k in ("first", "second"))] for p in pairs],
    }


def _setting(value: Any) -> Json:
    return cell("text", "–") if value is None else cell("setting", value)


def apart(cells: Sequence[Json]) -> Json:
    """Cells in which two studies are not shown to be equivalent."""
    heads = ("labels", "difference (points)", "95 % interval", "pairs")
    return {
        "columns": [
            *(head(text, number=False) for text in ("problem", "strategy")),
            *map(head, heads),
            head("the first is", number=False),
        ],
        "rows": [
            [
                cell("name", c["problem"]),
                cell("name", c["first"]),
                cell("count", c["n_target"]),
                cell("points", c["mean"]),
                cell("points_interval", c),
                cell("pairs", {"n": c["n"], "planned": c["planned"]}),
                cell("verdict", c),
            ]
            for c in cells
        ],
    }


def _problem_columns(found: Json) -> list[Json]:
    sizes = [c["n_target"] for c in found["problems"][0]["cells"]] if found["problems"] else []
    return [
        head("problem", number=False),
        head("similarity"),
        *({"head": cell("labels", n), "number": False} for n in sizes),
    ]


def _size_head(n: int) -> Json:
    return {"head": cell("labels", n), "number": True}


def _winners(c: Json) -> Json:
    if not c["top"]:
        return cell("winners", {"best": None, "others": 0, "winners": []})
    return cell("winners", {"best": c["top"], "others": len(c["winners"]) - 1, "winners": c["winners"]})


def _effect(comparison: Json | None) -> Json:
    if comparison is None or comparison["mean"] is None:
        return cell("count", None)
    mark = comparison["verdict"] in {"better", "worse", "tied"} and not comparison["reason"]
    return cell("effect", {**comparison, "mark": mark})


def _shade(mean: float | None, best: float) -> Json:
    if mean is None:
        return {}
    return {"shade": sum(best - mean < step for step in POINTS)}


OVERVIEWS: dict[str, Callable[..., Json]] = {
    f.__name__: f
    for f in (
        *(apart, side_by_side),
        *(advice, by_problem, effects, effects_by_problem, heat, matrix),
        *(multipliers, panels, regrets, similarities, splits, wins),
    )
}
