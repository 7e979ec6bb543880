"""GELU, z P(z) with the normal distribution P, and the approximation by tanh; `reference` has the other activations.

Hendrycks & Gimpel (2016, arXiv 1606.08415), section 2. No activation tells the slope here: GELU falls before it rises.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..layout import Floats

SCALE, CUBIC = math.sqrt(2 / math.pi), 0.044715


def gelu(z: Floats) -> Floats:
    """z P(z)."""
    return z * _normal(z)


def gelu_slope(z: Floats) -> Floats:
    """P(z) + z p(z), with the normal density p."""
    return _normal(z) + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def gelu_tanh(z: Floats) -> Floats:
    """z (1 + tanh u) / 2 with u = √(2/π) (z + 0.044715 z**3)."""
    return z * (1 + np.tanh(SCALE * (z + CUBIC * z**3))) / 2


def gelu_tanh_slope(z: Floats) -> Floats:
    """(1 + tanh u) / 2 + z u' (1 - tanh(u)**2) / 2."""
    t = np.tanh(SCALE * (z + CUBIC * z**3))
    return (1 + t) / 2 + z * SCALE * (1 + 3 * CUBIC * z**2) * (1 - t * t) / 2


def _normal(z: Floats) -> Floats:
    from scipy.special import ndtr  # in here, since importing fastmlp loads no SciPy

    share: Floats = ndtr(z)
    return share
