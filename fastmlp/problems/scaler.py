"""Standardisation of inputs, fitted on training data only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from ..layout import Floats

ROWS = 128  # that `Scaler.transform` handles at a time
SMALLEST = 0.25  # smallest divisor of a feature, in units of the root mean square of all spreads


@dataclass(frozen=True, eq=False)
class Scaler:
    """Standardisation, fitted on training data only: fitted by `Scaler.fit`.

    Parameters
    ----------
    mean, scale : (features,)
        What is taken off each feature, and what it is divided by then.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def fit(cls, X: NDArray[np.float64], *, one_unit: bool = True) -> Scaler:
        """Take the mean and the standard deviation of each feature from training inputs, but for what hardly varied.

        A pixel that is inked in one source image of a hundred may be inked in every target image; divided by its
        spread, it would drown all others. Where all features are in one unit, the spread that they have on the whole
        says what is small. Where each has a unit of its own, as age, income and weight have, nothing does.

        Parameters
        ----------
        X : (n, features)
            Training inputs.
        one_unit
            If so, no feature is divided by less than a quarter of the root mean square of all spreads, and a constant
            one, of whose spread nothing is known, by the root mean square itself. If not, each is divided by its own
            spread, and a constant one by infinity: whatever it is elsewhere, it is 0 for the network.
        """
        mean, spread = X.mean(axis=0), X.std(axis=0)
        if not one_unit:
            varies = np.ptp(X, axis=0) > 0  # the spread of a constant may be a little above 0, by rounding
            return cls(mean, np.where(varies & (spread > 0), spread, np.inf))
        common = float(np.sqrt((spread**2).mean())) or 1.0
        return cls(mean, np.where(spread > 0, np.maximum(spread, SMALLEST * common), common))

    def transform(self, X: NDArray[np.float64], dtype: DTypeLike = "float64") -> Floats:
        """Return the standardised inputs, (n, features), in the network's dtype."""
        seen: Floats = np.empty(X.shape, dtype)
        # Computed in float64 and rounded once; a few rows at a time, since memory costs more than the arithmetic
        for start in range(0, len(X), ROWS):
            rows = slice(start, start + ROWS)
            np.divide(X[rows] - self.mean, self.scale, out=seen[rows], casting="same_kind")
        return seen
