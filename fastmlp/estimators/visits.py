"""The order in which epochs visit the examples, drawn as scikit-learn's stochastic solvers draw it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..layout import Ints

# A stretch is drawn at once. The first has epochs enough for the cost of a call not to matter, and not many to be drawn
# in vain; then twice as many each time, as long as they fit.
FIRST_STRETCH, FIRST_VISITS = 16, 2**15
MOST_VISITS = 2**20


class Visits:
    """The visits of a training, a stretch of epochs at a time: nobody knows how many there will be.

    Each epoch shuffles the order of the one before, as scikit-learn's do.

    Parameters
    ----------
    rows : (n,)
        The examples that are visited.
    shuffle
        Whether each epoch has an order of its own.
    random
        Draws it.
    """

    def __init__(self, rows: Ints, random: np.random.RandomState, *, shuffle: bool) -> None:
        self._rows, self._random, self._shuffle = rows, random, shuffle
        self._before: Any = None  # the generator's state where the last stretch began

    def stretches(self, epochs: int) -> Iterator[Ints]:
        """Yield orders (epochs of a stretch, n) until there are so many epochs."""
        length = max(FIRST_STRETCH, FIRST_VISITS // len(self._rows))
        while epochs > 0:
            length = max(1, min(length, epochs, MOST_VISITS // len(self._rows)))
            self._before = self._random.get_state()
            yield self._draw(length)
            epochs, length = epochs - length, 2 * length

    def take_back(self, used: int) -> None:
        """Leave the generator where it would be if the last stretch had had so many epochs."""
        self._random.set_state(self._before)
        self._draw(used)

    def _draw(self, epochs: int) -> Ints:
        if not self._shuffle:
            return np.tile(self._rows, (epochs, 1))
        order, before, shuffle = np.empty((epochs, len(self._rows)), np.int64), self._rows, self._random.shuffle
        for row in order:
            row[:] = before
            shuffle(row)  # the same exchanges as of the places of what is shuffled
            before = row
        self._rows = before.copy()
        return order
