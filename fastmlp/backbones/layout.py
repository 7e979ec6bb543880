"""Where the parameters of a backbone and its head lie in one flat vector: `fastmlp.layout` for stages.

Stage by stage, parameters of two or more axes first, then the others; last the head, weights (features, classes) and
bias.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..layout import Ints


@dataclass(frozen=True)
class StageLayout:
    """Sizes of the parts of a network that is made of stages.

    Parameters
    ----------
    names
        Of the stages, from the inputs up, and of the head.
    counts
        How many parameters each has in matrices, and in all else: the two columns of a phase's tables.
    """

    names: tuple[str, ...]
    counts: tuple[tuple[int, int], ...]

    @property
    def n_layers(self) -> int:
        """Number of stages, and one for the head."""
        return len(self.names)

    @cached_property
    def lengths(self) -> Ints:
        """How many parameters each cell of the tables has, (stages + 1, 2)."""
        return np.array(self.counts, dtype=np.int64)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """First parameter of every stage and of the head, and the end."""
        return tuple(accumulate((sum(pair) for pair in self.counts), initial=0))

    @property
    def n_parameters(self) -> int:
        """Length of the flat vector."""
        return self.starts[-1]
