"""In general: ranks, probabilities of improvement and performance profiles over all cells at once.

Not here: the winners of single cells, which are in `winners`.
"""

from ...chapter import Chapter
from .numbers import numbers
from .tables import profiles, ranks

chapter = Chapter("general", numbers, tables=(profiles, ranks), figures=("profiles",))
