"""The effect of chance: sources of the variance of accuracy, and the power of the study.

Not here: the intervals and verdicts of other chapters, which take chance into account.
"""

from ...chapter import Chapter
from .numbers import numbers
from .tables import ledger, power

chapter = Chapter("chance", numbers, tables=(ledger, power))
