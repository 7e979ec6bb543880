"""Tables of the chapter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...table import Table, cell, effect_cell, head, kind_head


def amounts(data: Mapping[str, Any]) -> Table:
    """Return differences from scratch, a column a ratio of source examples to labels, and what the largest adds."""
    return {
        "columns": [
            *(head("problem", number=False), head("labels"), head("strategy", number=False)),
            *(kind_head("source_ratio", ratio) for ratio in data["ratios"]),
            head("largest − smallest"),
        ],
        "rows": [
            [
                cell("name", line["problem"]),
                cell("count", line["n_target"]),
                cell("name", line["strategy"]),
                *(effect_cell(difference) for difference in line["differences"]),
                effect_cell(line["more"]),
            ]
            for line in data["lines"]
        ],
    }
