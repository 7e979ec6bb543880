"""From records to one plain dict: every number that the report may quote, and nothing but numbers and names.

The dict can be written as JSON, holds no NaN, and None only where its neighbour `reason` says why. Whoever wants
another report starts here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from .answers import answer
from .comparisons import FEW, Comparisons, in_families
from .general import general
from .grid import BASELINE, FACTS, PLAIN, STATUSES, Grid, Row, flat, number
from .insides import inside, layers, protocol, tuning
from .matrix import contests, matrix
from .measured import measures, pretraining, training_curves
from .negative import differences_of, negative, transferring
from .sources import source_regrets
from .together import absent, add_worth, freezing, known, overview, power_of, rule_families, verdicts
from .worked import check_of, work_through
from .worth import ledgers

__all__ = ["summarise"]

Json = dict[str, Any]

MARGIN = 0.01
STANDARD = (BASELINE, PLAIN, "frozen", "finetune")  # what a small figure shows of many
FEW_PROBLEMS = 2  # with more, the book tells them together
PRIVATE = {"rendered", "schema", "gradient_check"}  # notes of the store to itself, or told elsewhere


def summarise(
    settings: Mapping[str, Any],
    rows: Sequence[Row],
    meta: Mapping[str, str],
    *,
    peers: Json | None = None,
    history: Json | None = None,
) -> Json:
    """Everything the report quotes.

    Parameters
    ----------
    settings
        The study's effective settings, as in its TOML.
    rows
        One record a trial, planned order; trials that have not run have the status "missing".
    meta
        Where and how the study ran. The keys ``problem:<name>`` hold a JSON object of facts about the data.
    peers
        What other libraries took, see `report.peers`; None leaves it out.
    history
        How the kernels went from commit to commit, see `report.history`; None leaves it out.

    Returns
    -------
    dict
        `study`, `counts`, `problems` (one dict each: measures, comparisons, answer, curves, pretraining), `meta`.
    """
    replicates = [row for row in rows if row.get("varied")]
    grid = Grid.of(settings, rows)
    margin = float(settings.get("margin", MARGIN))
    made = Comparisons(grid, margin)  # whoever asks first has a pair in its family
    compared, frozen = in_families(grid, made), freezing(grid, made)
    by_depth = {"layers": layers(grid, made), "protocol": protocol(grid, made)}
    cells = contests(grid, made)  # last, for it asks for what came out best
    study = _study(settings, grid, margin)
    harm = negative(grid, study["pretrained"], made)
    problems = [
        _problem(grid, name, margin, meta, compared[name])
        | {"freezing": frozen[name], "answer": answer(grid, name, compared[name], cells, differences_of(harm, name))}
        for name in grid.problems
    ]
    add_worth(grid, problems)
    similarity = {p["name"]: p["pretraining"]["similarity"]["mean"] for p in problems}
    classes = next((p["facts"]["target_classes"] for p in problems if p["facts"]["target_classes"]), None)
    late = {
        **by_depth,
        "ledgers": ledgers(grid, replicates),
        "power": power_of(grid, margin, problems),
        "peers": peers,
        "history": history,
        "sources": source_regrets(grid),
        "negative": harm,
        "general": general(grid, study["few"]),
        "gradient": check_of(meta.get("gradient_check")),
    }
    return {
        **late,
        "absent": absent(problems, late),
        "study": study,
        "counts": {**_counts(grid), "replicates": sum(row["status"] == "ok" for row in replicates)},
        "problems": problems,
        "verdicts": verdicts(problems),
        "matrix": matrix(grid, cells, similarity, classes),
        "overview": overview(problems),
        "ordered": sorted(problems, key=lambda p: -known(similarity[p["name"]])),
        "families": rule_families(grid),
        "worked": work_through(float(settings["training"]["lr"])),
        "meta": [
            {"name": k, "value": str(v)} for k, v in meta.items() if k not in PRIVATE and not k.startswith("problem:")
        ],
    }


def _study(settings: Mapping[str, Any], grid: Grid, margin: float) -> Json:
    return {
        "name": settings["name"],
        "problems": list(grid.problems),
        "strategies": list(grid.strategies),
        "baseline": BASELINE if BASELINE in grid.strategies else None,
        "contestants": list(grid.contestants),
        "pretrained": transferring(grid),
        "large": len(grid.contestants) > FEW or len(grid.problems) > FEW_PROBLEMS,
        "few": [s for s in STANDARD if s in grid.strategies] or list(grid.strategies[:4]),
        "controls": grid.controls,
        "sizes": list(grid.sizes),
        "n_seeds": len(grid.seeds),
        "margin": margin,
        "settings": [{"name": name, "value": value} for name, value in flat(settings).items()],
        **{part: dict(settings[part]) for part in ("network", "pretraining", "training")},
    }


def _counts(grid: Grid) -> Json:
    """How many trials ended how: in all, by strategy, and in the cells where one did not end well."""
    cells: list[Json] = [
        {"problem": p, "strategy": s, "n_target": n, **grid.counts(p, s, n)}
        for p in grid.problems
        for s in grid.strategies
        for n in grid.sizes
    ]
    by_strategy = [
        {"strategy": s, **{k: sum(c[k] for c in cells if c["strategy"] == s) for k in STATUSES}}
        for s in grid.strategies
    ]
    errors = Counter(str(row.get("error") or "no message") for row in grid.trials.rows() if row["status"] == "failed")
    return {
        "planned": len(cells) * len(grid.seeds),
        **{status: sum(int(c[status]) for c in cells) for status in STATUSES},
        "by_strategy": by_strategy,
        "lossy": [c for c in cells if c["diverged"] or c["failed"]],
        "errors": [{"message": message, "count": count} for message, count in errors.most_common()],
        "train_seconds": sum(number(row, "train_seconds") or 0.0 for row in grid.trials.rows()),
    }


def _problem(
    grid: Grid, name: str, margin: float, meta: Mapping[str, str], comparisons: Mapping[str, list[Json]]
) -> Json:
    by_strategy = {s: [measures(grid, name, s, n) for n in grid.sizes] for s in grid.strategies}
    return {
        "name": name,
        "finished": sum(cell["ok"] for cells in by_strategy.values() for cell in cells),
        "facts": _facts(meta.get(f"problem:{name}")),
        "pictures": _pictures(meta.get(f"problem:{name}")),
        "measures": by_strategy,
        "main": {s: cells for s, cells in by_strategy.items() if s not in grid.controls},
        "comparisons": dict(comparisons),
        "curves": training_curves(grid, name),
        "pretraining": pretraining(grid, name),
        "frozen": _frozen(grid, name),
        "inside": inside(grid, name, margin),
        "tuning": tuning(grid, name),
    }


def _pictures(text: str | None) -> list[Json]:
    """Strips of examples, source and target, with their labels; none where the study kept none."""
    shown = (json.loads(text) if text else {}).get("pictures") or {}
    return [
        {
            "task": task,
            "name": f"{task} task",
            "labels": [label for label, _ in examples],
            "alt": f"Pictures of the {task} task, labelled {', '.join(label for label, _ in examples)}",
            "pixels": [pixels for _, pixels in examples],
        }
        for task, examples in shown.items()
        if examples
    ]


def _facts(text: str | None) -> Json:
    """Facts about the data, each a number, or None where the study did not keep it; of data of its own, whence."""
    facts = json.loads(text) if text else {}
    return {name: facts.get(name) for name in (*FACTS, "own")}


def _frozen(grid: Grid, problem: str) -> Json:
    """In how many trials frozen parameters were hashed before and after, and in how many they were the same."""
    same = [
        row["frozen_before"] == row.get("frozen_after") for row in grid.trials.rows(problem) if row.get("frozen_before")
    ]
    return {"checked": len(same), "unchanged": sum(same)}
