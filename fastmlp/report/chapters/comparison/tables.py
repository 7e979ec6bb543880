"""Tables of the chapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...measures import CellMeasures
from ...pairs import Comparison
from ...standings import Standing
from ...table import Cell, Table, cell, effect_cell, head, kind_head, shade
from .ceiling import NearCeiling
from .worked import Worked

__all__ = ["answers", "ceiling", "comparisons", "effects", "heat", "own", "worked_differences", "worked_tests"]


def answers(standings: Sequence[Standing], baseline: Sequence[Comparison]) -> Table:
    """Return who has the highest mean, who is tied with it and who behind, and the baseline; one row per size."""
    against = {(c["n_target"], c["first"]): c for c in baseline}
    columns = ("highest mean", "tied with it", "undecided", "behind", "it against the baseline")
    return {
        "columns": [head("labels"), *(head(text, number=False) for text in columns)],
        "rows": [
            [
                cell("count", s["n_target"]),
                *(
                    cell("names", names)
                    for names in ([s["top"]] if s["top"] else [], s["tied"], s["undecided"], s["behind"])
                ),
                _verdict_or_dash(against.get((s["n_target"], str(s["top"])))),
            ]
            for s in standings
        ],
    }


def _verdict_or_dash(comparison: Comparison | None) -> Cell:
    return cell("verdict", comparison) if comparison and comparison["n"] else cell("count", None)


def comparisons(family: Sequence[Comparison]) -> Table:
    """Return paired differences with interval, corrected p-values and verdict, one row per comparison."""
    heads = ("difference (points)", "95 % interval", "p, differs", "p, tied", "pairs")
    columns = [head("labels"), head("first − second", number=False), *map(head, heads), head("first is", number=False)]
    return {
        "columns": columns,
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


def effects(family: Sequence[Comparison], sizes: Sequence[int]) -> Table:
    """Return differences with the sign of their verdict, one row per strategy and one column per size."""
    firsts = dict.fromkeys(c["first"] for c in family)
    by_cell = {(c["first"], c["n_target"]): c for c in family}
    return {
        "columns": [head("strategy", number=False), *(kind_head("labels", n) for n in sizes)],
        "rows": [[cell("name", s), *(effect_cell(by_cell.get((s, n))) for n in sizes)] for s in firsts],
    }


def own(measures: Mapping[str, Sequence[CellMeasures]], name: str, sizes: Sequence[int]) -> Table:
    """Return the means of a measure of the study's own, one row per strategy and one column per size."""
    return {
        "columns": [head("strategy", number=False), *(kind_head("labels", n) for n in sizes)],
        "rows": [
            [
                cell("name", strategy),
                *(cell("mean", by_size[n]) if n in by_size else cell("count", None) for n in sizes),
            ]
            for strategy, cells in measures.items()
            for by_size in [{c["n_target"]: c["held_out"][name] for c in cells}]
        ],
    }


def ceiling(cells: Sequence[NearCeiling]) -> Table:
    """Return the best of the networks against the baseline in points and in errors, one row per cell."""
    heads = ("baseline", "difference (points)", "95 % interval", "errors, times")
    return {
        "columns": [
            head("problem", number=False),
            head("labels"),
            head("best network", number=False),
            *map(head, heads),
        ],
        "rows": [
            [
                cell("name", c["comparison"]["problem"]),
                cell("count", c["comparison"]["n_target"]),
                cell("name", c["comparison"]["first"]),
                cell("percent", c["accuracy"]),
                effect_cell(c["comparison"]),
                cell("points_interval", c["comparison"]),
                cell("ratio", c["ratio"]),
            ]
            for c in cells
        ],
    }


def heat(measures: Mapping[str, Sequence[CellMeasures]], sizes: Sequence[int]) -> Table:
    """Return held-out accuracy, by strategy and size; the darker, the nearer to the best of the column."""
    best = [max((m[k]["accuracy"]["mean"] or 0.0 for m in measures.values()), default=0.0) for k in range(len(sizes))]
    return {
        "columns": [head("strategy", number=False), *(kind_head("labels", n) for n in sizes)],
        "rows": [
            [
                cell("name", s),
                *(
                    cell("percent_mean", c["accuracy"], shade(c["accuracy"]["mean"], best[k]))
                    for k, c in enumerate(cells)
                ),
            ]
            for s, cells in measures.items()
        ],
    }


def worked_differences(example: Worked) -> Table:
    """Return the differences of a worked example, seed by seed, their mean and its standard error; a row a pair."""
    heads = [*(f"seed {seed}" for seed in example["seeds"]), "mean", "standard error"]
    return {
        "columns": [head("first − second", number=False), *map(head, heads)],
        "rows": [
            [
                cell("difference", {"first": pair["first"], "second": pair["second"]}),
                *(cell("points", d) for d in pair["differences"]),
                cell("points", pair["mean"]),
                cell("plain_points", pair["error"]),
            ]
            for pair in example["pairs"]
        ],
    }


def worked_tests(example: Worked) -> Table:
    """Return both tests of a worked example, by themselves and corrected, and the verdicts; a row a pair."""
    heads = ("t", "p", "times", "corrected p", "t, tie", "p, tie", "times, tie", "corrected p, tie")
    return {
        "columns": [
            head("first − second", number=False),
            *map(head, heads),
            head("first is", number=False),
        ],
        "rows": [
            [
                cell("difference", {"first": pair["first"], "second": pair["second"]}),
                cell("number2", pair["t"]),
                cell("p_value", pair["p"]),
                cell("count", pair["factor"]),
                cell("p_value", pair["corrected"]),
                cell("number2", pair["t_tie"]),
                cell("p_value", pair["p_tie"]),
                cell("count", pair["factor_tie"]),
                cell("p_value", pair["corrected_tie"]),
                cell("text", pair["verdict"]),
            ]
            for pair in example["pairs"]
        ],
    }
