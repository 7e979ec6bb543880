"""Which classes are taken for which, by whom, and what the first layer looks like before a transfer and after it.

Not here: how far each layer moved, which is in `inside`.
"""

from ...chapter import Chapter
from .numbers import numbers
from .tables import mistaken

chapter = Chapter("mistakes", numbers, tables=(mistaken,), figures=("confusions",))
