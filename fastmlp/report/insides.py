"""What happened inside the networks, how transferable their layers are, how they were tuned: numbers from records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from statistics import fmean, median
from typing import Any

from ..stats import mean_interval, paired_family
from .grid import PLAIN, SOURCE_SCALER, Grid, Row, number
from .rules import family_of

__all__ = ["inside", "layers", "protocol", "tuning"]

Json = dict[str, Any]

SHIFTS = ("rotated", "noisy", "inverted")
LAYERED = ("transplant", "transfuse", "random-frozen", "partial", "probe")
AXIS = {"A": "halves", "B": "halves-self"}  # Yosinski's A, pretrained on the other classes, and B, on the same


def inside(grid: Grid, problem: str) -> Json | None:
    """Drift, CKA, what is kept of the source and accuracy under shifts, a row a strategy, at the largest size.

    Returns
    -------
    dict or None
        `n_target`; `depth`, the number of layers; `shifts` that were measured; `rows` with means over seeds; `pairs`:
        LP-FT minus fine-tuning in the drift of the body and in accuracy under each shift. None without the columns.
    """
    n = grid.sizes[-1]
    rows = []
    for s in grid.contestants:
        found = list(grid.ok(problem, s, n).values())
        if any(row.get("drift") for row in found) or any(number(row, "accuracy_noisy") is not None for row in found):
            rows.append(_inside_row(s, found))
    if not rows:
        return None
    shifts = [k for k in SHIFTS if any(row["shifts"][k]["n"] for row in rows)]
    depth = max(len(row["drift"]) for row in rows)
    return {"n_target": n, "depth": depth, "shifts": shifts, "rows": rows, "pairs": _lp_ft(grid, problem, n, shifts)}


def _inside_row(strategy: str, rows: Sequence[Row]) -> Json:
    return {
        "strategy": strategy,
        "accuracy": _mean([number(row, "accuracy") for row in rows]),
        "drift": _by_layer([row.get("drift") for row in rows]),
        "cka": _by_layer([row.get("cka") for row in rows]),
        "kept": _mean([number(row, "source_accuracy_kept") for row in rows]),
        "shifts": {k: _mean([number(row, f"accuracy_{k}") for row in rows]) for k in SHIFTS},
    }


def _by_layer(lists: Sequence[Any]) -> list[Json]:
    """Mean over seeds of each layer's number."""
    depth = max((len(values) for values in lists if values), default=0)
    return [_mean([v[k] if v and k < len(v) else None for v in lists]) for k in range(depth)]


def _mean(values: Sequence[float | None]) -> Json:
    return asdict(mean_interval([v for v in values if v is not None]))


def _lp_ft(grid: Grid, problem: str, n: int, shifts: Sequence[str]) -> list[Json]:
    """Kumar's claim in numbers: features move less, and accuracy under shift is higher, than with fine-tuning."""
    if not {"lp-ft", "finetune"} <= set(grid.strategies):
        return []
    a, b = grid.ok(problem, "lp-ft", n), grid.ok(problem, "finetune", n)
    both = [seed for seed in a if seed in b]
    columns = [("drift", [(_body_drift(a[s]), _body_drift(b[s])) for s in both])]
    columns += [(k, [(number(a[s], f"accuracy_{k}"), number(b[s], f"accuracy_{k}")) for s in both]) for k in shifts]
    kept = [[(x, y) for x, y in pairs if x is not None and y is not None] for _, pairs in columns]
    verdicts = paired_family([([x for x, _ in p], [y for _, y in p]) for p in kept], margin=0.01)
    return [{"what": what, **asdict(v)} for (what, _), v in zip(columns, verdicts, strict=True)]


def _body_drift(row: Row) -> float | None:
    """Mean drift of the layers below the head."""
    drift = [v for v in (row.get("drift") or [])[:-1] if v is not None]
    return fmean(drift) if drift else None


def layers(grid: Grid, problems: Sequence[str]) -> list[Json]:
    """Accuracy by how many layers are copied, frozen or probed, at the largest size: a series a problem and family."""
    n = grid.sizes[-1]
    series = []
    for p in problems:
        for family in LAYERED:
            members = sorted(
                (int(s.rpartition("-")[2]), s) for s in grid.strategies if family_of(s) == family and s[-1].isdigit()
            )
            points = [{"k": k, **_mean([number(r, "accuracy") for r in grid.ok(p, s, n).values()])} for k, s in members]
            if len(points) > 1 and any(point["n"] for point in points):
                series.append({"problem": p, "family": family, "n_target": n, "points": points})
    return series


def protocol(grid: Grid, margin: float) -> Json | None:
    """Yosinski's differences, layer by layer and paired by seed, or None where the study is not that experiment.

    Returns
    -------
    dict
        `rows`, one a depth: `fragile` is base B minus BnB, what broken co-adaptation costs; `specific` is BnB minus
        AnB; `recovered` is BnB+ minus base B; `beyond_random` is AnB minus frozen random layers.
    """
    depths = sorted(int(s.rpartition("-")[2]) for s in grid.strategies if family_of(s) == "transplant")
    if not depths or not set(AXIS.values()) <= set(grid.problems):
        return None
    base = PLAIN + SOURCE_SCALER if PLAIN + SOURCE_SCALER in grid.strategies else PLAIN
    n = grid.sizes[-1]
    a, b = AXIS["A"], AXIS["B"]
    kinds: dict[str, Callable[[int], tuple[tuple[str, str], tuple[str, str]]]] = {
        "fragile": lambda k: ((b, base), (b, f"transplant-{k}")),
        "specific": lambda k: ((b, f"transplant-{k}"), (a, f"transplant-{k}")),
        "recovered": lambda k: ((b, f"transfuse-{k}"), (b, base)),
        "beyond_random": lambda k: ((a, f"transplant-{k}"), (a, f"random-frozen-{k}")),
    }
    asked = [(k, kind, make(k)) for k in depths for kind, make in kinds.items()]
    values = [_across(grid, n, *pair) for _, _, pair in asked]
    found = paired_family(values, margin=margin)
    rows: dict[int, Json] = {k: {"k": k} for k in depths}
    for (k, kind, _), difference in zip(asked, found, strict=True):
        rows[k][kind] = {"first": kind, "second": "", **asdict(difference)}
    return {"n_target": n, "rows": list(rows.values())}


def _across(grid: Grid, n: int, first: tuple[str, str], second: tuple[str, str]) -> tuple[list[float], list[float]]:
    """Accuracies of two (problem, strategy) on the seeds that both have."""
    a, b = grid.ok(*first, n), grid.ok(*second, n)
    both = [(number(a[s], "accuracy"), number(b[s], "accuracy")) for s in a if s in b]
    kept = [(x, y) for x, y in both if x is not None and y is not None]
    return [x for x, _ in kept], [y for _, y in kept]


def tuning(grid: Grid, problem: str) -> list[Json]:
    """What tuning chose, a row a strategy and size: medians over seeds, and how often the declared setting was kept."""
    rows = []
    for s in grid.strategies:
        for n in grid.sizes:
            found = [r for r in grid.ok(problem, s, n).values() if r.get("tuning_note")]
            tried = [r for r in found if r.get("tuning")]
            if found:
                rows.append(
                    {
                        "strategy": s,
                        "n_target": n,
                        "tuned": len(tried),
                        "of": len(found),
                        "candidates": max((len(r["tuning"]) for r in tried), default=None),
                        "gain": _gain(tried),
                        **{c: _median(found, c) for c in ("tuned_lr", "tuned_epochs", "tuned_C", "tune_seconds")},
                    }
                )
    return rows


def _gain(rows: Sequence[Row]) -> float | None:
    """What the best candidate gained in cross-validation over the declared one, on average: an optimistic number."""
    gains = [max(scores) - scores[0] for row in rows if (scores := [v for v in row["tuning"] if v is not None])]
    return fmean(gains) if gains else None


def _median(rows: Sequence[Row], column: str) -> float | None:
    values = [v for row in rows if (v := number(row, column)) is not None]
    return float(median(values)) if values else None
