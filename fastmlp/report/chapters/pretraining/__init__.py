"""Pretraining: what the source task taught, and how similar that makes the problem.

Not here: what becomes of the pretrained network, which is in `transfer`. Its numbers are every problem's `pretraining`.
"""

from ...chapter import Chapter
from .numbers import numbers
from .tables import h_scores, similarities

chapter = Chapter("pretraining", numbers, tables=(h_scores, similarities))
