"""The optimizers in NumPy: the text to read, beside `reference`.

References: Sutskever et al. (2013) for momentum, and Nesterov's; Kingma & Ba (2015, arXiv 1412.6980) for Adam;
Loshchilov & Hutter (2019, arXiv 1711.05101) for AdamW; Goyal et al. (2017, arXiv 1706.02677) and Malladi et al. (2022,
arXiv 2205.10287) for how learning rate and moving averages go with the size of a batch.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..registry import ADAMW, FLUSHED, SGD, TINY, Adam

if TYPE_CHECKING:
    from ..layout import Floats


class Step(NamedTuple):
    """An update, as the optimizer sees it.

    The gradient of a batch is a mean, so an example of a short batch moves the parameters further than an example of a
    full one: of n = 97 in batches of 32, the last example takes a step as large as 32 others together. A weighted step
    is a share c of a step, where c = (examples in the batch) / (examples in a full batch):

    - the learning rate becomes c * rate, in the step itself, in the weight decay and in the pull towards the anchor;
    - Adam's moving averages forget and learn a share c: 1 - beta becomes c * (1 - beta), and the bias correction 1 -
      beta^t becomes 1 - the product of the betas of all updates, which is what the averages' weights add up to;
    - the momentum of sgd stays: it moves what earlier gradients began, and they began it with their own weights.

    With c = 1 this is the plain rule, bit by bit. As c goes to 0 Adam makes no step at all, and sgd makes one without a
    new gradient. Goyal et al. (2017, section 2.1) scale the rate of sgd with the batch, Malladi et al. (2022)
    also Adam's 1 - beta. Their square root for Adam's rate is for a second moment from batches of that size;
    here it comes from full ones, so the rate of a short one is scaled as that of sgd.

    Parameters
    ----------
    t
        Its number, from 1.
    share
        c; 1 if the batch is full, or steps are not weighted.
    beta1, beta2
        Products of all betas up to this update; beta^t if all steps were whole.
    adam
        What Adam knows besides.
    """

    t: int
    share: float
    beta1: float
    beta2: float
    adam: Adam


def step_of(t: int, n: int, batch_size: int, *, weighted: bool, adam: Adam) -> Step:
    """Return update t, from 1, of a training that visits n examples per epoch."""
    full = min(batch_size, n)
    n_batches = math.ceil(n / full)
    share = (n % full or full) / full if weighted else 1.0  # of the last batch of an epoch
    n_short = t // n_batches if share < 1 else 0  # among the first t updates
    whole = adam.earlier + t - n_short
    beta1, beta2 = (beta**whole * (1 - share * (1 - beta)) ** n_short for beta in (adam.beta1, adam.beta2))
    return Step(t, 1.0 if t % n_batches else share, beta1, beta2, adam)


def update(
    optimizer: int,
    p: Floats,
    state: Floats,
    g: Floats,
    rate: float,
    decay: float,
    momentum: float,
    step: Step,
    *,
    nesterov: bool,
) -> None:
    """One step of the optimizer on a part of the parameters; PyTorch's rules, if the batch is full.

    Nesterov's momentum adds what the next step's momentum will bring already, Sutskever et al.'s equation 7 seen from
    the point to which it looks ahead, as in PyTorch and scikit-learn.
    """
    t, share = step.t, step.share
    rate = share * rate
    if optimizer == ADAMW:
        p *= 1 - rate * decay
    else:
        g = g + decay * p
    if optimizer == SGD:
        v = state[0]
        v[:] = _flushed(momentum * v - rate * g, t)
        p += momentum * v - rate * g if nesterov else v
        return
    m, v = state
    new1, new2 = share * (1 - step.adam.beta1), share * (1 - step.adam.beta2)
    root = math.sqrt(1 - step.beta2)
    epsilon = step.adam.epsilon if step.adam.corrected else step.adam.epsilon / root
    m[:] = _flushed((1 - new1) * m + new1 * g, t)
    v[:] = _flushed((1 - new2) * v + new2 * g * g, t)
    p -= rate / (1 - step.beta1) * m / (np.sqrt(v) / root + epsilon)


def _flushed(moment: Floats, t: int) -> Floats:
    return moment if t % FLUSHED else np.where(np.abs(moment) < TINY, 0, moment)
