"""The strategies that transfer: what each does to each layer, how it fares, how it learns; frozen against fine-tuned.

Not here: accuracy by the number of layers, which is in `layers`, nor how far layers moved, in `inside`.
"""

from ...chapter import Chapter
from .numbers import numbers
from .tables import effects_by_problem, freezings, multipliers

chapter = Chapter("transfer", numbers, tables=(effects_by_problem, freezings, multipliers))
