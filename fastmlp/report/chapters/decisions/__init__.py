"""The decision matrix: what CS231n's rule would have advised in each cell, and what it costs to follow an advice.

Not here: the winners of each cell, which several chapters show, and the comparisons behind them.
"""

from ...chapter import Chapter
from . import tables
from .numbers import numbers

chapter = Chapter(
    "decisions",
    numbers,
    tables=(
        tables.advice,
        tables.quadrants,
        tables.regrets,
        tables.sensitive_regret,
        tables.sensitivity,
        tables.source_regrets,
        tables.wins,
        tables.worth,
    ),
)
