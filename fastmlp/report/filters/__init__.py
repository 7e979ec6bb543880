"""The only place where a number becomes text, for the page, its Markdown twin and the figures alike.

A bare float in a template is refused (`plain`): it has to pass through one of these functions, which is how both
formats come to hold the same numbers.

==========  ================================================================================================
quantities  one number: shares, points, durations, losses
results     a result of the statistics: a mean with its interval, a verdict, a factor, or why there is none
text        names and other text, as a format can hold them
choices     what of a part of the summary is shown
==========  ================================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .choices import is_brief as is_brief
from .choices import layers_shown as layers_shown
from .choices import titled as titled
from .quantities import count as count
from .quantities import decimal as decimal
from .quantities import deviation as deviation
from .quantities import epoch as epoch
from .quantities import fixed as fixed
from .quantities import labels as labels
from .quantities import margin as margin
from .quantities import multiplier as multiplier
from .quantities import number as number
from .quantities import number2 as number2
from .quantities import p_value as p_value
from .quantities import percent as percent
from .quantities import percent0 as percent0
from .quantities import plain_points as plain_points
from .quantities import points as points
from .quantities import scientific as scientific
from .quantities import seconds as seconds
from .quantities import setting as setting
from .quantities import up_to_labels as up_to_labels
from .results import by_layer as by_layer
from .results import chance as chance
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
from .results import percent_short as percent_short
from .results import points_interval as points_interval
from .results import rank as rank
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

#: How the cells of tables are shown, by their kind.
FORMATS: dict[str, Callable[[Any], str]] = {
    "text": str,
    "mark": str,
    "range": loss_range,
    **{
        f.__name__: f
        for f in (
            *(count, deviation, epoch, fixed, labels, multiplier, number, number2, p_value),
            *(percent, percent0, plain_points, points, scientific, seconds, setting, up_to_labels),
            *(by_layer, chance, cost, crossing, deviations, effect, fine_percent_mean, harm, jumps, mean, mean_short),
            *(pairs, percent_mean, percent_short, points_interval, rank, soon, tally, times, verdict),
        )
    },
}


def show(cell: Mapping[str, Any]) -> str:
    """A table's cell, by its kind."""
    return FORMATS[cell["kind"]](cell["value"])


#: What templates may call.
FILTERS: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (
        *(count, decimal, margin, markdown_code, mean, percent, percent_interval),
        *(chance, points, points_interval, printable, rank, seconds, show, squeeze, verbatim),
        *(fixed, ident, matrix, multiplier, number, number2, p_value, tag, tex),
        *(is_brief, layers_shown, titled),
    )
}
