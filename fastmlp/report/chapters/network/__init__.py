"""The network: forward, backward and descent, an example worked through by hand, and the gradient check.

Not here: which of its layers a strategy trains, which is in `transfer`.
"""

from ...chapter import Chapter
from .numbers import numbers
from .tables import checks, gradient

chapter = Chapter("network", numbers, tables=(checks, gradient))
