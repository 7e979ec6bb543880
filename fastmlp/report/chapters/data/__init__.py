"""The data and its split: where the examples come from, and how they are divided so that nothing leaks.

Not here: features that networks compute from the data. How similar source and target are is in `pretraining`.
"""

from ...chapter import Chapter
from ...pictures import titled
from .numbers import numbers
from .tables import inputs, split, splits

chapter = Chapter("data", numbers, tables=(inputs, split, splits), figures=("split",), filters=(titled,))
