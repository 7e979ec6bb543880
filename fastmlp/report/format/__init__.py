"""The only place where a number becomes text, for the page, its Markdown twin and the figures alike.

A bare float in a template is refused (`plain`): it has to pass through one of these functions, which is how both
formats come to hold the same numbers.

==========  ================================================================================================
numbers     one number: shares, points, durations, losses
results     a result of the statistics: a mean with its interval, a verdict, a factor, or why there is none
text        names and other text, as a format can hold them
kinds       the kinds of table cells: how each is shown and what it is in CSV
==========  ================================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .kinds import KINDS as KINDS
from .kinds import Kind as Kind
from .numbers import count as count
from .numbers import decimal as decimal
from .numbers import deviation as deviation
from .numbers import epoch as epoch
from .numbers import fixed as fixed
from .numbers import labels as labels
from .numbers import margin as margin
from .numbers import multiplier as multiplier
from .numbers import number as number
from .numbers import number2 as number2
from .numbers import p_value as p_value
from .numbers import percent as percent
from .numbers import percent0 as percent0
from .numbers import plain_points as plain_points
from .numbers import points as points
from .numbers import scientific as scientific
from .numbers import seconds as seconds
from .numbers import setting as setting
from .numbers import up_to_per_class as up_to_per_class
from .results import by_layer as by_layer
from .results import chance as chance
from .results import claimed as claimed
from .results import claimed_interval as claimed_interval
from .results import cost as cost
from .results import crossing as crossing
from .results import deviations as deviations
from .results import effect as effect
from .results import fine_percent_mean as fine_percent_mean
from .results import harm as harm
from .results import jumps as jumps
from .results import loss_range as loss_range
from .results import mean as mean
from .results import mean_short as mean_short
from .results import pairs as pairs
from .results import percent_interval as percent_interval
from .results import percent_mean as percent_mean
from .results import percent_range as percent_range
from .results import percent_short as percent_short
from .results import points_interval as points_interval
from .results import rank as rank
from .results import ratio as ratio
from .results import soon as soon
from .results import tally as tally
from .results import times as times
from .results import verdict as verdict
from .text import ident as ident
from .text import label as label
from .text import markdown as markdown
from .text import markdown_code as markdown_code
from .text import matrix as matrix
from .text import plain as plain
from .text import printable as printable
from .text import squeeze as squeeze
from .text import tag as tag
from .text import tex as tex
from .text import verbatim as verbatim


def show(cell: Mapping[str, Any]) -> str:
    """Return a table's cell as text, by its kind."""
    format_value = KINDS[cell["kind"]].show
    if format_value is None:
        raise TypeError(f"a cell of kind {cell['kind']} holds names, which the macros of each format mark up")
    return format_value(cell["value"])


def is_brief(cell: Mapping[str, Any]) -> bool:
    """Whether a cell holds a name or a word so short that it need not be broken."""
    kind, value = cell["kind"], cell["value"]
    text = value.get("best") if kind == "winners" else value if kind in {"name", "text"} else None
    return isinstance(text, str) and len(text) <= 20


#: What templates may call.
FILTERS: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (
        *(count, decimal, margin, markdown_code, mean, percent, percent_interval),
        *(chance, claimed, claimed_interval, plain_points, points, points_interval),
        *(rank, seconds, show, squeeze, verbatim),
        *(fixed, ident, matrix, number, number2, p_value, tag, tex),
        is_brief,
    )
}
