"""Speed: what other libraries take for the same training, and how the kernels went from commit to commit.

Not here: how long the study's own trainings took. Both appear only if files in the report's folder have them.
"""

from ...chapter import Chapter
from .numbers import numbers
from .tables import peers, ratios

chapter = Chapter("speed", numbers, tables=(peers, ratios))
