"""One source, prepared in two ways: as the target was, and by someone who looked at its size alone.

Not here: what a source of other things brings, which is in `transfer`, and how much of it is needed, in `amount`.
"""

from ...chapter import Chapter
from .numbers import numbers
from .tables import prepared

chapter = Chapter("preparation", numbers, tables=(prepared,))
