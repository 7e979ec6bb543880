"""Fair opponents: what every strategy chose by cross-validation on its own labels, and what that changed.

Not here: the cross-validation itself, which is part of a trial.
"""

from ...chapter import Chapter
from .numbers import numbers
from .tables import changes, choices, factors, gaps, neighbours

chapter = Chapter("tuning", numbers, tables=(gaps, changes, factors, choices, neighbours))
