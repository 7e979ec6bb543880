"""Why transfer: whether it pays to keep pretrained weights, and to train them further, beside starting again.

Not here: who is best in a cell, which is in `answer` and `decisions`.
"""

from ...chapter import Chapter
from .numbers import numbers
from .tables import kept_or_not

chapter = Chapter("why", numbers, tables=(kept_or_not,))
