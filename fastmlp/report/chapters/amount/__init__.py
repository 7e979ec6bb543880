"""How much a larger source is worth: so many source examples for each target label.

Not here: the source of the grid, which has all its examples whatever the number of labels.
"""

from ...chapter import Chapter
from .numbers import numbers
from .tables import amounts

chapter = Chapter("amount", numbers, tables=(amounts,), figures=("amount",))
