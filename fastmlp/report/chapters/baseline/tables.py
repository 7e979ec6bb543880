"""Tables of the chapter."""

from __future__ import annotations

from collections.abc import Sequence

from ....measures import MEASURES, Measure
from ...measures import CellMeasures
from ...table import Table, cell, head


def measures(cells: Sequence[CellMeasures]) -> Table:
    """Return all measures of one strategy, one row per size."""
    own = {name: Measure(name) for name in (cells[0]["held_out"] if cells else ()) if name not in MEASURES}
    shown = {name: measure for name, measure in (MEASURES | own).items() if measure.head}
    return {
        "columns": [head("labels"), *(head(str(measure.head)) for measure in shown.values()), head("seeds")],
        "rows": [
            [
                cell("count", c["n_target"]),
                *(cell(measure.kind, c["held_out"][name]) for name, measure in shown.items()),
                cell("pairs", {"n": c["ok"], "planned": c["ok"] + c["diverged"] + c["failed"] + c["missing"]}),
            ]
            for c in cells
        ],
    }
