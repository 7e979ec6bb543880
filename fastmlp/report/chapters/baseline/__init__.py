"""The baseline: what logistic regression on the inputs does, before any network.

Not here: whether a network does better, which is in `answer` and `comparison`.
"""

from ...chapter import Chapter
from .tables import measures

chapter = Chapter("baseline", tables=(measures,))
