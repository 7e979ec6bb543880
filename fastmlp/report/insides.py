"""What happened inside the networks, how transferable their layers are, how they were tuned: numbers from records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from statistics import fmean, median
from typing import Any

from ..stats import mean_interval, paired_family
from .comparisons import Asked, Comparisons
from .general import chance
from .grid import PLAIN, Grid, Row, number, paired
from .rules import family_of

__all__ = ["inside", "layers", "protocol", "tuning"]

Json = dict[str, Any]
Columns = Mapping[str, Callable[[Row], float | None]]  # a number of a record, by its name

SHIFTED = "accuracy_"  # how columns of accuracy under a shift begin
NEVER = -1e300  # as good as minus infinity, which statistics refuse
LAYERED = ("transplant", "transfuse", "random-frozen", "partial", "probe")
AXIS = {"A": "halves", "B": "halves-self"}  # Yosinski's A, pretrained on the other classes, and B, on the same


def inside(grid: Grid, problem: str, margin: float) -> Json | None:
    """Drift, CKA, what is kept of the source and accuracy under shifts, a row a strategy, at the largest size.

    Returns
    -------
    dict or None
        `n_target`; `depth`, the number of layers; `shifts` that were measured; `rows` with means over seeds; `pairs`:
        LP-FT minus fine-tuning in the drift of the body, in what is kept of the source and in accuracy under each
        shift; `shifted`: fine-tuning minus scratch under each shift; `soon`: how probable fine-tuning is to reach
        scratch's last loss after fewer updates than scratch. None without the columns.
    """
    n = grid.sizes[-1]
    trials = {s: list(grid.ok(problem, s, n).values()) for s in grid.contestants}
    every = dict.fromkeys(k for found in trials.values() for row in found for k in row if k.startswith(SHIFTED))
    rows = [
        _inside_row(s, found, list(every))
        for s, found in trials.items()
        if any(row.get("drift") or any(number(row, k) is not None for k in every) for row in found)
    ]
    if not rows:
        return None
    shifts = [k for k in rows[0]["shifts"] if any(row["shifts"][k]["n"] for row in rows)]
    depth = max(len(row["drift"]) for row in rows)
    columns: Columns = {k: partial(number, column=SHIFTED + k) for k in shifts}
    lp_ft: Columns = {"drift": _body_drift, "kept": partial(number, column="source_accuracy_kept"), **columns}
    return {
        "n_target": n,
        "depth": depth,
        "shifts": shifts,
        "rows": rows,
        "pairs": _compare(grid, problem, ("lp-ft", "finetune"), lp_ft, margin),
        "shifted": _compare(grid, problem, ("finetune", PLAIN), columns, margin),
        "soon": _sooner(grid, problem),
    }


def _inside_row(strategy: str, rows: Sequence[Row], shifted: Sequence[str]) -> Json:
    return {
        "strategy": strategy,
        "accuracy": _mean([number(row, "accuracy") for row in rows]),
        "drift": _by_layer([row.get("drift") for row in rows]),
        "cka": _by_layer([row.get("cka") for row in rows]),
        "kept": _mean([number(row, "source_accuracy_kept") for row in rows]),
        "shifts": {k.removeprefix(SHIFTED): _mean([number(row, k) for row in rows]) for k in shifted},
        "soon": _soon(rows),
        "learned": _learned(rows),
    }


def _soon(rows: Sequence[Row]) -> Json:
    """On how many seeds scratch's last loss was reached, and after how many updates in the median, if that is known."""
    reached = sorted(v for row in rows if (v := number(row, "scratch_loss_steps")) is not None)
    half = len(rows) // 2  # what is never reached is later than all that is
    known = len(reached) > half
    return {"steps": reached[half] if known else None, "reached": len(reached), "n": len(rows)}


def _learned(rows: Sequence[Row]) -> list[Json]:
    """Mean accuracy in training after some epochs."""
    by_epoch: dict[int, list[float]] = {}
    for row in rows:
        for epoch, accuracy in row.get("train_accuracies") or ():
            by_epoch.setdefault(int(epoch), []).append(accuracy)
    return [{"epoch": epoch, **_mean(by_epoch[epoch])} for epoch in sorted(by_epoch)]


def _by_layer(lists: Sequence[Any]) -> list[Json]:
    """Mean over seeds of each layer's number."""
    depth = max((len(values) for values in lists if values), default=0)
    return [_mean([v[k] if v and k < len(v) else None for v in lists]) for k in range(depth)]


def _mean(values: Sequence[float | None]) -> Json:
    return asdict(mean_interval([v for v in values if v is not None]))


def _compare(grid: Grid, problem: str, pair: tuple[str, str], columns: Columns, margin: float) -> list[Json]:
    """Two strategies, first minus second, in some numbers of their records at the largest size, corrected together."""
    if not set(pair) <= set(grid.strategies):
        return []
    a, b = (grid.ok(problem, s, grid.sizes[-1]) for s in pair)
    found = paired_family([paired(a, b, of) for of in columns.values()], margin=margin)
    return [{"what": what, **asdict(d)} for what, d in zip(columns, found, strict=True)]


def _sooner(grid: Grid, problem: str) -> Json | None:
    """How probable fine-tuning is to reach scratch's last loss before scratch; never is later than all else."""
    a, b = (grid.ok(problem, s, grid.sizes[-1]) for s in ("finetune", PLAIN))
    both = [(number(a[seed], "scratch_loss_steps"), number(b[seed], "scratch_loss_steps")) for seed in a if seed in b]
    known = [(NEVER if mine is None else -mine, -theirs) for mine, theirs in both if theirs is not None]
    return chance([mine for mine, _ in known], [theirs for _, theirs in known]) if known else None


def _body_drift(row: Row) -> float | None:
    """Mean drift of the layers below the head."""
    drift = [v for v in (row.get("drift") or [])[:-1] if v is not None]
    return fmean(drift) if drift else None


def layers(grid: Grid, made: Comparisons) -> list[Json]:
    """Accuracy by how many layers are copied, frozen or probed, at the largest size: a series a problem and family.

    Each has its `change`, the deepest minus the shallowest, paired by seed and corrected over all series, as far as the
    pair has no verdict from elsewhere.
    """
    n = grid.sizes[-1]
    series: list[Json] = []
    ends: list[Asked] = []
    for p in grid.problems:
        for family in LAYERED:
            members = sorted(
                (int(s.rpartition("-")[2]), s) for s in grid.strategies if family_of(s) == family and s[-1].isdigit()
            )
            points = [{"k": k, **_mean([number(r, "accuracy") for r in grid.ok(p, s, n).values()])} for k, s in members]
            if len(points) > 1 and any(point["n"] for point in points):
                series.append({"problem": p, "family": family, "n_target": n, "points": points})
                ends.append((n, (p, members[-1][1]), (p, members[0][1])))
    return [{**one, "change": change} for one, change in zip(series, made.family(ends), strict=True)]


def protocol(grid: Grid, made: Comparisons) -> Json | None:
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
    base = next((control for control, plain in grid.controls.items() if plain == PLAIN), PLAIN)
    n = grid.sizes[-1]
    a, b = AXIS["A"], AXIS["B"]
    kinds: dict[str, Callable[[int], tuple[tuple[str, str], tuple[str, str]]]] = {
        "fragile": lambda k: ((b, base), (b, f"transplant-{k}")),
        "specific": lambda k: ((b, f"transplant-{k}"), (a, f"transplant-{k}")),
        "recovered": lambda k: ((b, f"transfuse-{k}"), (b, base)),
        "beyond_random": lambda k: ((a, f"transplant-{k}"), (a, f"random-frozen-{k}")),
    }
    asked = [(k, kind, make(k)) for k in depths for kind, make in kinds.items()]
    found = made.family([(n, *pair) for _, _, pair in asked])
    rows: dict[int, Json] = {k: {"k": k} for k in depths}
    for (k, kind, _), comparison in zip(asked, found, strict=True):
        rows[k][kind] = comparison | {"first": kind, "second": ""}
    return {"n_target": n, "rows": list(rows.values())}


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
