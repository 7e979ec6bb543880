"""What happened inside the networks: drift, CKA, forgetting, accuracy under shifts, and how soon a loss is reached.

Not here: which layers were free to move, which is in `transfer`. Everything is at the largest number of labels.
"""

from ...chapter import Chapter
from .numbers import numbers
from .tables import ckas, drifts, inside, kept, learned, shifted, soon

chapter = Chapter("inside", numbers, tables=(ckas, drifts, inside, kept, learned, shifted, soon))
