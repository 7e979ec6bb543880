"""Limitations: what the intervals are about, and what this study says nothing of.

Not here: chapters that are missing because a study lacks the trials for them, which are in `absent`.
"""

from ...chapter import Chapter
from .numbers import numbers
from .tables import populations

chapter = Chapter("limits", numbers, tables=(populations,))
