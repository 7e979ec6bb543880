"""The network: forward, backward and descent, an example worked through by hand, the gradient check and short batches.

Not here: which of its layers a strategy trains, which is in `transfer`.
"""

from ...chapter import Chapter
from .numbers import numbers
from .tables import checks, gradient, short_batches

chapter = Chapter("network", numbers, tables=(checks, gradient, short_batches))
