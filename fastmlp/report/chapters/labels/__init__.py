"""Small data, large data: label equivalence, and where the learning curves of two strategies cross.

Not here: learning curves themselves and their fit, which are in `stats`.
"""

from ...chapter import Chapter
from .numbers import numbers
from .tables import crossings, equivalences, worths

chapter = Chapter("labels", numbers, tables=(crossings, equivalences, worths))
