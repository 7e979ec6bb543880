"""The answer to the study's question, problem by problem or all cells together, and where transfer hurts.

Not here: the comparisons behind the answer, which are in `comparison`, nor the regret of an advice, in `decisions`.
"""

from ...chapter import Chapter
from .numbers import numbers
from .tables import gains, negative, panels, pooled, pooled_by_problem

chapter = Chapter("answer", numbers, tables=(gains, negative, panels, pooled, pooled_by_problem))
