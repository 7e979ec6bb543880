"""Reproducibility: how to run the study again, what has run, and where.

Not here: the results of the trials.
"""

from ...chapter import Chapter
from .numbers import numbers
from .tables import counts, listing, lossy

chapter = Chapter("reproducibility", numbers, tables=(counts, listing, lossy))
