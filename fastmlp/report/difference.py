"""Two studies side by side: what was set, what they ran on, and whether their accuracies are equivalent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ..stats import paired_family
from .grid import Grid, flat, paired

__all__ = ["difference"]

Json = dict[str, Any]
#: Differs between any two runs, or is told elsewhere.
NOISE = {"settings", "rendered", "schema", "started", "finished", "command", "jobs", "gradient_check"}


def difference(
    first: tuple[Mapping[str, Any], Sequence[Mapping[str, Any]], Mapping[str, str]],
    second: tuple[Mapping[str, Any], Sequence[Mapping[str, Any]], Mapping[str, str]],
) -> Json:
    """Compare two studies, cell by cell, on the seeds that both have finished.

    Parameters
    ----------
    first, second
        Settings, rows and meta of each, as `summarise` takes them.

    Returns
    -------
    dict
        `settings` and `circumstances` that differ, as name, first, second; `cells`, paired differences (first minus
        second) of each cell they share, corrected together; `counts` of their verdicts; `alone`, cells of only one.
    """
    grids = [Grid.of(settings, rows) for settings, rows, _ in (first, second)]
    margin = min(float(settings.get("margin", 0.01)) for settings, *_ in (first, second))
    held = [{(p, s, n) for p, s, n, _ in grid.trials} for grid in grids]
    shared = [cell for cell in dict.fromkeys((p, s, n) for p, s, n, _ in grids[0].trials) if cell in held[1]]
    found = paired_family([paired(grids[0].ok(*c), grids[1].ok(*c)) for c in shared], margin=margin)
    cells = [
        {"problem": p, "first": s, "n_target": n, "planned": len(grids[0].seeds), **asdict(d)}
        for (p, s, n), d in zip(shared, found, strict=True)
    ]
    verdicts = [c["verdict"] for c in cells if c["n"] > 1]
    return {
        "names": [str(first[0]["name"]), str(second[0]["name"])],
        "margin": margin,
        "settings": _unlike(flat(first[0]), flat(second[0])),
        "circumstances": _unlike(first[2], second[2]),
        "cells": cells,
        "apart": [c for c in cells if c["verdict"] != "tied" and not _is_same(c)],
        "counts": {v: verdicts.count(v) for v in ("tied", "better", "worse", "undecided")},
        "compared": len(verdicts),
        "same": sum(map(_is_same, cells)),
        "alone": [len(held[0] - held[1]), len(held[1] - held[0])],
    }


def _is_same(cell: Json) -> bool:
    """Whether all seeds have the very same accuracy in both studies."""
    return bool(cell["mean"] == 0 and cell["reason"] == "no spread")


def _unlike(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Json]:
    """Names under which the two do not have the same, and what they have; None where one has nothing."""
    names = [n for n in dict.fromkeys([*a, *b]) if n not in NOISE and not n.startswith("problem:")]
    return [{"name": n, "first": a.get(n), "second": b.get(n)} for n in names if a.get(n) != b.get(n)]
