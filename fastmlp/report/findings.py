"""Tables of the later chapters: inside the networks, layer by layer, worth in labels, variance, power, tuning."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .tables import cell, head, name_head

__all__ = ["FINDINGS"]

Json = dict[str, Any]


def inside(found: Json) -> Json:
    """Drift, CKA, what is kept and accuracy under shifts, a row a strategy."""
    depth = found["depth"]
    heads = [f"drift, {'head' if k == depth - 1 else f'layer {k + 1}'}" for k in range(depth)]
    heads += [f"CKA, layer {k + 1}" for k in range(depth - 1)]
    heads += ["source kept, %", "accuracy, %", *(f"{k}, %" for k in found["shifts"])]
    rows = []
    for row in found["rows"]:
        layers = [_short(row["drift"], k) for k in range(depth)] + [_short(row["cka"], k) for k in range(depth - 1)]
        shifts = [cell("percent_short", row["shifts"][k]) for k in found["shifts"]]
        rows.append(
            [
                cell("name", row["strategy"]),
                *layers,
                cell("percent_short", row["kept"]),
                cell("percent_short", row["accuracy"]),
                *shifts,
            ]
        )
    return {"columns": [head("strategy", number=False), *map(head, heads)], "rows": rows}


def layers(series: Sequence[Json]) -> Json:
    """Accuracy by the number of layers, a row a series."""
    depths = sorted({point["k"] for one in series for point in one["points"]})
    rows = []
    for one in series:
        known = {point["k"]: point for point in one["points"]}
        cells = [cell("percent_mean", known[k]) if k in known else cell("count", None) for k in depths]
        rows.append([cell("name", f"{one['family']}-k"), cell("name", one["problem"]), *cells])
    columns = [head("family", number=False), head("problem", number=False)]
    return {"columns": [*columns, *(head(f"k = {k}") for k in depths)], "rows": rows}


def protocol(found: Json) -> Json:
    """Yosinski's differences, a row a depth."""
    kinds = {
        "fragile": "base B − BnB",
        "specific": "BnB − AnB",
        "recovered": "BnB+ − base B",
        "beyond_random": "AnB − random",
    }
    return {
        "columns": [head("layers copied"), *map(head, kinds.values())],
        "rows": [[cell("count", row["k"]), *(_effect(row[k]) for k in kinds)] for row in found["rows"]],
    }


def equivalences(found: Sequence[Json]) -> Json:
    """How many times the labels strategies are worth, a row each and a column a size."""
    sizes = [e["n_target"] for e in found[0]["each"]] if found else []
    return {
        "columns": [
            head("strategy", number=False),
            head("all sizes"),
            *({"head": cell("labels", round(n)), "number": True} for n in sizes),
        ],
        "rows": [
            [cell("name", e["strategy"]), cell("times", e["overall"]), *(cell("times", x) for x in e["each"])]
            for e in found
        ],
    }


def worths(problems: Sequence[Json], strategies: Sequence[str]) -> Json:
    """How many times the labels strategies are worth, a row a problem."""
    rows = []
    for p in problems:
        known = {e["strategy"]: e["overall"] for e in (p["worth"] or {"equivalences": []})["equivalences"]}
        rows.append([cell("name", p["name"]), *(cell("times", known.get(s)) for s in strategies)])
    return {"columns": [head("problem", number=False), *map(name_head, strategies)], "rows": rows}


def crossings(problems: Sequence[Json]) -> Json:
    """Where pairs of strategies cross, a row each."""
    rows = [
        [cell("name", p["name"]), cell("difference", c), cell("crossing", c)]
        for p in problems
        for c in (p["worth"] or {"crossovers": []})["crossovers"]
    ]
    columns = [head("problem", number=False), head("first − second", number=False)]
    return {"columns": [*columns, head("the lead changes at", number=False)], "rows": rows}


def ledger(found: Json) -> Json:
    """Components of variance, a row a purpose."""
    names = {"rest": "what was not varied alone", "total": "all together", "weights": "initial weights"}
    heads = ("standard deviation (points)", "95 % interval", "share of variance", "seeds", "replicates")
    return {
        "columns": [head("what varies", number=False), *map(head, heads)],
        "rows": [
            [
                cell("text", names.get(c["name"], c["name"])),
                cell("deviation", c["variance"]),
                cell("deviations", c),
                cell("percent0", c["share"]),
                cell("count", c["seeds"]),
                cell("count", c["replicates"]),
            ]
            for c in found["parts"]
        ],
    }


def power(rows: Sequence[Json]) -> Json:
    """What could have been seen and what it would take, a row a size."""
    return {
        "columns": [
            head("labels"),
            head("smallest difference (points)"),
            head("seeds that would decide"),
            head("towards", number=False),
        ],
        "rows": [
            [
                cell("count", r["n_target"]),
                cell("plain_points", _possible(r["smallest"]["difference"])),
                cell("count", r["needed"]["needed"]),
                cell("text", r["needed"]["towards"] or "–"),
            ]
            for r in rows
        ],
    }


def _possible(difference: float | None) -> float | None:
    """A difference of accuracies, or None where none could be so large."""
    return None if difference is None or difference > 1 else difference


def tuning(rows: Sequence[Json]) -> Json:
    """What tuning chose, a row a strategy and size."""
    heads = ("labels", "tuned", "candidates", "learning rate", "epochs", "C", "gain in folds (points)", "time")
    return {
        "columns": [head("strategy", number=False), *map(head, heads)],
        "rows": [
            [
                cell("name", r["strategy"]),
                cell("count", r["n_target"]),
                cell("pairs", {"n": r["tuned"], "planned": r["of"]}),
                cell("count", r["candidates"]),
                *(cell("number", r[k]) for k in ("tuned_lr", "tuned_epochs", "tuned_C")),
                cell("points", r["gain"]),
                cell("seconds", r["tune_seconds"]),
            ]
            for r in rows
        ],
    }


def peers(shape: Json) -> Json:
    """Training times of fastmlp and others, a row each."""
    heads = ("time of a training", "times fastmlp’s", "share of the peak", "accuracy, %", "first training")
    return {
        "columns": [head("library", number=False), *map(head, heads)],
        "rows": [
            [
                cell("text", r["name"]),
                cell("seconds", r["seconds"]),
                cell("scientific", r["times"]),
                cell("percent0", r["share"]),
                cell("plain_points", r["accuracy"]),
                cell("seconds", r["first"]),
            ]
            for r in shape["peers"]
        ],
    }


def _short(values: Sequence[Json], k: int) -> Json:
    return cell("mean_short", values[k]) if k < len(values) else cell("count", None)


def _effect(difference: Mapping[str, Any]) -> Json:
    if difference["mean"] is None:
        return cell("count", None)
    mark = difference["verdict"] in {"better", "worse", "tied"} and not difference["reason"]
    return cell("effect", {**difference, "mark": mark})


FINDINGS: dict[str, Callable[..., Json]] = {
    f.__name__: f for f in (crossings, equivalences, inside, layers, ledger, peers, power, protocol, tuning, worths)
}
