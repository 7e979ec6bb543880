"""Reproducibility: how to run the study again, what has run, where, and which trainings cannot be trusted.

Not here: the results of the trials.
"""

from ...chapter import Chapter
from .numbers import numbers
from .tables import counts, falls, listing, lossy, trusted, unstable

chapter = Chapter("reproducibility", numbers, tables=(counts, falls, listing, lossy, trusted, unstable))
