"""Claims of the literature: a card for each paper, with what this study says of its claims.

Not here: the claims and how they are judged, which are in `report.claims`.
"""

from ...chapter import Chapter
from ...claims import forest
from .numbers import numbers
from .tables import outcomes

chapter = Chapter("claims", numbers, tables=(forest, outcomes))
