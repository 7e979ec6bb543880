"""Fairness of tuning: which settings each strategy chose by cross-validation on its own labels, and what it gained.

Not here: the cross-validation itself, which is part of a trial.
"""

from ...chapter import Chapter
from .numbers import numbers
from .tables import tuning

chapter = Chapter("tuning", numbers, tables=(tuning,))
