"""Strategies against each other, against the baseline and against controls of the scaler: tables of paired differences.

Not here: what the verdicts answer, which is in `answer`, nor what a study of this size can see, in `chance`.
"""

from ...chapter import Chapter
from .numbers import numbers
from .tables import answers, ceiling, comparisons, effects, heat, own, worked_differences, worked_tests

chapter = Chapter(
    "comparison",
    numbers,
    tables=(answers, ceiling, comparisons, effects, heat, own, worked_differences, worked_tests),
)
