"""The decision chart: who to take, by what is known of a task, each end with its evidence.

Not here: the answer cell by cell, in `answer`, and advice that others gave, in `decisions`.
"""

from ...chapter import Chapter
from .numbers import numbers
from .tables import chart_evidence

chapter = Chapter("chart", numbers, tables=(chart_evidence,))
