"""The losses in NumPy: the text to read, beside `reference`.

Axes: B examples of a batch, C outputs. A loss takes the outputs z of the last layer and what they should have been. It
is the negative logarithm of a likelihood whose natural parameter is z, up to a constant, so its gradient at z is always
*mean minus target*: McCullagh & Nelder, *Generalized Linear Models* (1989), section 2.2; Bishop, *Pattern Recognition
and Machine Learning* (2006), section 4.3.6.

=====================  ==========================  ============================================  ===================
loss                   mean of an output           of one example                                targets
=====================  ==========================  ============================================  ===================
cross-entropy          softmax(z)                  -log(mean of its label)                       labels (B,)
binary-cross-entropy   logistic(z)                 sum of -t log(mean) - (1 - t) log(1 - mean)   (B, C) in [0, 1]
squared-error          z                           sum of (z - t)^2 / 2                          (B, C)
poisson                exp(z), the log link        sum of mean - t z + t log(t) - t              (B, C), at least 0
=====================  ==========================  ============================================  ===================

Sums go over the outputs. That of `poisson` is half the deviance: zero where the mean is the target. Scikit-learn's are
the same but for several squared errors: it reports their mean, and descends along the gradient of their sum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Floats


def mean_loss(loss: int, z: Floats, y: NDArray[Any], sample_weight: Floats | None = None) -> tuple[float, Floats]:
    """Loss of a batch and its gradient at the outputs.

    Parameters
    ----------
    loss : place in `registry.LOSSES`.
    z : (B, C) outputs.
    y : (B,) labels or (B, C) targets, as the loss takes them.
    sample_weight : (B,) what each example counts, at least 0; without it, all count the same.

    Returns
    -------
    loss : mean over the batch, sum(w * losses) / sum(w). Where all weights are zero it is zero.
    dz : (B, C), its gradient.
    """
    losses, dz = LOSS[loss](z, y)
    if sample_weight is None:
        return float(losses.mean()), dz / len(dz)
    share = sample_weight / (sample_weight.sum() or 1)  # (B,)
    return float(share @ losses), dz * share[:, None]


def cross_entropy(z: Floats, y: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Cross-entropy of the softmax.

    The largest logit is taken off before the exponential, so that no logit is too large.

    Parameters
    ----------
    z : (B, C); C = 1 stands for the two logits (0, z) of a sigmoid head.
    y : (B,)

    Returns
    -------
    losses : (B,)
    dz : (B, C), the softmax minus the one-hot labels.
    """
    n, n_logits = z.shape
    both = two_logits(z)
    z = both - both.max(axis=1, keepdims=True)  # (B, C), C at least 2
    e = np.exp(z)
    total = e.sum(axis=1, keepdims=True)  # (B, 1)
    losses: Floats = np.log(total[:, 0]) - z[np.arange(n), y]
    dz = e / total
    dz[np.arange(n), y] -= 1
    return losses, dz[:, -n_logits:]  # of two logits (0, z) only the second can move


def two_logits(logits: Floats) -> Floats:
    """Logits of at least two classes, (B, C): the one logit z of a sigmoid head stands for the two logits (0, z)."""
    return np.hstack([np.zeros_like(logits), logits]) if logits.shape[1] == 1 else logits


def binary_cross_entropy(z: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Cross-entropy of a logistic function for each output: log(1 + exp(z)) - t z, without an exponential too large."""
    return (np.maximum(z, 0) - t * z + np.log1p(np.exp(-np.abs(z)))).sum(axis=1), logistic(z) - t


def logistic(z: Floats) -> Floats:
    """1 / (1 + exp(-z)), computed from exp(-abs(z)) so that nothing overflows."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def squared_error(z: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Half the sum of squared errors."""
    error = z - t
    return (error * error / 2).sum(axis=1), error


def poisson(z: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Half the Poisson deviance of the means exp(z): t log(t / mean) - (t - mean), the first term zero where t is."""
    mean = np.exp(z)
    return (t * (np.log(np.where(t > 0, t, 1)) - z) - (t - mean)).sum(axis=1), mean - t


LOSS = (cross_entropy, binary_cross_entropy, squared_error, poisson)  # in the order of `registry.LOSSES`
