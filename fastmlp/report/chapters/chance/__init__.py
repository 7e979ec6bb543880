"""What chance does: where the variance of an accuracy comes from, and what the study could have seen.

Not here: the intervals and verdicts of other chapters, which take chance into account.
"""

from ...chapter import Chapter
from .numbers import numbers
from .tables import ledger, power

chapter = Chapter("chance", numbers, tables=(ledger, power))
