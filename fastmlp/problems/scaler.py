"""Standardisation of inputs, fitted on training data only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..backends import get_backend
from ..errors import CheckpointError
from ..state import State

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from ..layout import Floats

SMALLEST = 0.25  # smallest divisor of a feature, in units of the root mean square of all spreads


@dataclass(frozen=True, eq=False)
class Scaler:
    """Standardisation: `Scaler.fit` fits it on training data only.

    Parameters
    ----------
    mean, scale : (features,)
        What is subtracted from each feature, and what it is divided by then.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def fit(
        cls, X: NDArray[np.float64], *, one_unit: bool = True, sample_weight: NDArray[np.float64] | None = None
    ) -> Scaler:
        """Take the mean and the standard deviation of each feature from training inputs.

        Features that hardly vary are an exception. A pixel that is inked in one source image of a hundred may be inked
        in every target image; divided by its standard deviation, it would drown all others. If all features are in one
        unit, their common spread says what is small. If each has a unit of its own, as age, income and weight have,
        nothing does.

        Parameters
        ----------
        X : (n, features)
            Training inputs.
        one_unit
            If true, no feature is divided by less than a quarter of the root mean square of all standard deviations,
            and a constant feature is divided by the root mean square itself. If false, each is divided by its own
            standard deviation, and a constant feature by infinity: it is 0 for the network, whatever it is elsewhere.
        sample_weight : (n,)
            What each example counts, above 0; a weight of 2 is the same as having it twice.
        """
        mean, spread = mean_and_spread(X, sample_weight)
        if not one_unit:
            varies = np.ptp(X, axis=0) > 0  # the spread of a constant may be a little above 0, by rounding
            return cls(mean, np.where(varies & (spread > 0), spread, np.inf))
        common = root_mean_square(spread) or 1.0
        return cls(mean, np.where(spread > 0, np.maximum(spread, SMALLEST * common), common))

    def to_state(self) -> State:
        """Return what a file holds of it."""
        return State({}, {"mean": self.mean, "scale": self.scale})

    @classmethod
    def from_state(cls, state: State) -> Scaler:
        """Return the scaler that `to_state` was asked of.

        Raises
        ------
        CheckpointError
            If the state is that of no scaler, or it would divide by something that is not above 0.
        """
        mean = state.array("mean", (None,), "float64")
        scale = state.array("scale", mean.shape, "float64", finite=False)
        if not (scale > 0).all():
            raise CheckpointError(f"the scaler divides by {scale.min()}; it must be above 0")
        return cls(mean, scale)

    @property
    def ignored(self) -> NDArray[np.bool_]:
        """Which features are 0 for the network, whatever they are, (features,)."""
        return np.isinf(self.scale)

    def transform(self, X: Floats, dtype: DTypeLike = "float64", backend: str = "numpy") -> Floats:
        """Return the standardised inputs, (n, features), in the network's dtype; backends give the same bits."""
        return get_backend(backend).standardise(X, self.mean, self.scale, dtype)


def mean_and_spread(
    X: NDArray[np.float64], sample_weight: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean and the standard deviation of each feature, (features,), for inputs of any scale.

    Squares of numbers beyond 1e154 are infinite in float64, and those below 1e-162 are zero. So each feature is first
    divided by a power of two near its largest value: that is exact, and ordinary inputs give the same bits without it.
    """
    exponents = np.frexp(np.abs(X).max(axis=0))[1]
    scaled = np.ldexp(X, -exponents)
    if sample_weight is not None:
        mean = np.average(scaled, axis=0, weights=sample_weight)
        spread = np.sqrt(np.average((scaled - mean) ** 2, axis=0, weights=sample_weight))
        return np.ldexp(mean, exponents), np.ldexp(spread, exponents)
    mean = scaled.mean(axis=0, keepdims=True)
    return np.ldexp(mean[0], exponents), np.ldexp(scaled.std(axis=0, mean=mean), exponents)


def root_mean_square(values: NDArray[np.float64]) -> float:
    """Return the root mean square of numbers of any scale."""
    exponent = int(np.frexp(values.max())[1])
    return float(np.ldexp(np.sqrt((np.ldexp(values, -exponent) ** 2).mean()), exponent))
