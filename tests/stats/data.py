"""Made-up accuracies for the tests of the statistics: shaped as those of real trials are, and as they should not be."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

Array = NDArray[np.float64]

HELD_OUT = 500


def accuracy_like(
    rng: np.random.Generator, shape: tuple[int, ...], *, mean: float = 0.95, sd: float = 0.03, held_out: int = HELD_OUT
) -> Array:
    """Shares of a held-out set that are right, where what is to be expected of a seed follows a beta law.

    With the default mean and spread the skewness is -1.1: more than any cell of the lab shows.
    """
    k = mean * (1 - mean) / sd**2 - 1
    return rng.binomial(held_out, rng.beta(mean * k, (1 - mean) * k, shape)) / held_out


def real(value: float | None) -> float:
    assert value is not None
    return value


def numbers(result: object) -> list[float]:
    """Every float inside a result, however deep."""
    if isinstance(result, float):
        return [result]
    if isinstance(result, list | tuple):
        return [x for part in result for x in numbers(part)]
    if isinstance(result, dict):
        return [x for part in result.values() for x in numbers(part)]
    slots = getattr(result, "__slots__", ())
    return [x for name in slots for x in numbers(getattr(result, name))]


# Accuracies on the held-out set, and trials that are missing: ties and constant columns come by themselves.
accuracies = st.integers(0, HELD_OUT).map(lambda k: k / HELD_OUT)
trials = accuracies | st.just(float("nan"))


def tables(*most: int, elements: st.SearchStrategy[float] = trials) -> st.SearchStrategy[Array]:
    """Arrays with at least one entry along each axis but the first, which may be empty, and at most `most`."""
    shape = st.tuples(st.integers(0, most[0]), *(st.integers(1, m) for m in most[1:]))
    return shape.flatmap(lambda s: arrays(np.float64, s, elements=elements))
