"""The network and its training in NumPy: the text to read, and the standard that `compiled` is held to.

Axes: B examples of a batch, I inputs of a layer, O outputs, C logits. A layer computes ``z = x @ W + b`` and, unless it
is the last, ``a = activation(z)``. Every array keeps the dtype of the parameters.

References: Goodfellow, Bengio & Courville, *Deep Learning* (2016), sections 6.2.2 and 6.5; Sutskever et al. (2013) for
momentum; Kingma & Ba (2015, arXiv 1412.6980) for Adam; Loshchilov & Hutter (2019, arXiv 1711.05101) for AdamW; Li et
al. (2018, arXiv 1802.01483) for the pull towards an anchor; Goyal et al. (2017, arXiv 1706.02677) and Malladi et al.
(2022, arXiv 2205.10287) for how learning rate and moving averages go with the size of a batch.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..layout import Layout
from ..registry import ADAMW, BETA1, BETA2, EPSILON, FLUSHED, SGD, TINY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from ..layout import Floats, Ints

    Gradient = Callable[[Floats, Ints, int, Floats, NDArray[np.int64]], tuple[float, Floats]]


def logistic(z: Floats) -> Floats:
    """1 / (1 + exp(-z)), computed from exp(-abs(z)) so that nothing overflows."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


# In the order of `registry.ACTIVATIONS`; a slope is written in terms of the activation a, since z is not kept.
ACTIVATE = (lambda z: np.maximum(z, 0), np.tanh, logistic, lambda z: z)
SLOPE = (lambda a: a > 0, lambda a: 1 - a * a, lambda a: a * (1 - a), lambda _: 1)


# A training that diverges ends in numbers that say so, and what is computed from them is no news.
quiet = np.errstate(over="ignore", invalid="ignore")


@quiet
def features(theta: Floats, sizes: Ints, activation: int, x: Floats, depth: int) -> Floats:
    """Activations after the first `depth` layers.

    Parameters
    ----------
    theta : (P,) parameters.
    sizes : (L + 1,) layer sizes.
    activation : place in `registry.ACTIVATIONS`.
    x : (n, sizes[0])
    depth : 0 for the inputs themselves, at most L - 1.

    Returns
    -------
    (n, sizes[depth])
    """
    return _hidden(theta, sizes, activation, x)[depth]


@quiet
def forward(theta: Floats, sizes: Ints, activation: int, x: Floats) -> Floats:
    """Logits, (n, sizes[-1]); the other arguments are those of `features`."""
    weights, biases = _layout(sizes).views(theta)
    logits: Floats = _hidden(theta, sizes, activation, x)[-1] @ weights[-1] + biases[-1]
    return logits


@quiet
def loss_and_gradient(
    theta: Floats, sizes: Ints, activation: int, x: Floats, y: NDArray[np.int64]
) -> tuple[float, Floats]:
    """Mean cross-entropy of a batch and its gradient, by backpropagation.

    Parameters
    ----------
    theta, sizes, activation, x
        As in `features`; x is (B, sizes[0]).
    y : (B,) labels from 0; with one logit, 0 or 1.

    Returns
    -------
    loss : mean over the batch.
    gradient : (P,) of theta's dtype.
    """
    gradient = np.empty_like(theta)
    weights, biases = _layout(sizes).views(theta)
    d_weights, d_biases = _layout(sizes).views(gradient)
    hidden = _hidden(theta, sizes, activation, x)
    loss, dz = cross_entropy(hidden[-1] @ weights[-1] + biases[-1], y)  # dz (B, C)
    for layer in reversed(range(len(weights))):
        d_weights[layer][:] = hidden[layer].T @ dz  # (I, O)
        d_biases[layer][:] = dz.sum(axis=0)  # (O,)
        if layer > 0:
            dz = dz @ weights[layer].T * SLOPE[activation](hidden[layer])  # (B, I)
    return loss, gradient


def cross_entropy(logits: Floats, y: NDArray[np.int64]) -> tuple[float, Floats]:
    """Mean cross-entropy and its gradient at the logits.

    The largest logit is taken off before the exponential, so that no logit is too large.

    Parameters
    ----------
    logits : (B, C); C = 1 stands for the two logits (0, z) of a sigmoid head.
    y : (B,)

    Returns
    -------
    loss : mean over the batch.
    dz : (B, C), the softmax minus the one-hot labels, over B.
    """
    n, n_logits = logits.shape
    both = two_logits(logits)
    z = both - both.max(axis=1, keepdims=True)  # (B, C), C at least 2
    e = np.exp(z)
    total = e.sum(axis=1, keepdims=True)  # (B, 1)
    loss = float((np.log(total[:, 0]) - z[np.arange(n), y]).mean())
    dz = e / total
    dz[np.arange(n), y] -= 1
    return loss, dz[:, -n_logits:] / n  # of two logits (0, z) only the second can move


def two_logits(logits: Floats) -> Floats:
    """Logits of at least two classes, (B, C): the one logit z of a sigmoid head stands for the two logits (0, z)."""
    return np.hstack([np.zeros_like(logits), logits]) if logits.shape[1] == 1 else logits


@quiet
def train(
    theta: Floats,
    state: Floats,
    sizes: Ints,
    activation: int,
    optimizer: int,
    x: Floats,
    y: NDArray[np.int64],
    order: Ints,
    batch_size: int,
    rates: NDArray[np.float64],
    decays: NDArray[np.float64],
    pulls: NDArray[np.float64],
    anchor: Floats,
    momentum: float,
    losses: NDArray[np.float64],
    first: int,
    last: int,
    *,
    weighted: bool = False,
) -> int:
    """Make the updates `first` to `last` - 1 of a training, in place.

    Update s takes batch ``s % n_batches`` of epoch ``s // n_batches``. A training cut into several calls gives the same
    bits as one call.

    Parameters
    ----------
    theta : (P,) parameters, changed in place.
    state : (2, P) velocity or first moment, and second moment, changed in place.
    sizes, activation
        As in `features`.
    optimizer : place in `registry.OPTIMIZERS`.
    x : (n, sizes[0])
    y : (n,)
    order : (epochs, m) the examples in the order in which they are visited; the last batch of an epoch may be short.
    batch_size : examples in a batch.
    rates : (L, 2) learning rate of each weight matrix and each bias; zero leaves it and its state untouched.
    decays : (L, 2) weight decay of the same.
    pulls : (L, 2) strength of the pull towards the anchor.
    anchor : (P,) where the pull leads.
    momentum : of `sgd`.
    losses : (epochs,) each batch's loss before its update is added, so that a finished epoch holds the mean.
    first, last : the updates to make.
    weighted : whether the step of a short batch is weighted by its share of a full batch; see `Step`.

    Returns
    -------
    Updates completed: `last`, or less if a loss was not finite. That loss is in `losses`, later epochs hold NaN.
    """
    return train_by(
        loss_and_gradient, theta, state, sizes, activation, optimizer, x, y, order, batch_size, rates, decays, pulls,
        anchor, momentum, losses, first, last, weighted=weighted,
    )  # fmt: skip


def train_by(
    loss_and_gradient: Gradient,
    theta: Floats,
    state: Floats,
    sizes: Ints,
    activation: int,
    optimizer: int,
    x: Floats,
    y: NDArray[np.int64],
    order: Ints,
    batch_size: int,
    rates: NDArray[np.float64],
    decays: NDArray[np.float64],
    pulls: NDArray[np.float64],
    anchor: Floats,
    momentum: float,
    losses: NDArray[np.float64],
    first: int,
    last: int,
    *,
    weighted: bool = False,
) -> int:
    """Train as `train` does, by any function that returns a loss and its gradient."""
    done = first
    for gradient in gradients(
        loss_and_gradient, theta, sizes, activation, x, y, order, batch_size, losses, first, last
    ):
        done += 1
        step = step_of(done, order.shape[1], batch_size, weighted=weighted)
        for part, rate, decay, pull in moving_parts(part_sizes(sizes), rates, decays, pulls):
            update(optimizer, theta[part], state[:, part], gradient[part], rate, decay, momentum, step)
            if pull > 0:
                # Proximal step of rate * pull / 2 * |p - anchor|^2: stable at any strength (Parikh & Boyd 2014, 1.1)
                theta[part] = anchor[part] + (theta[part] - anchor[part]) / (1 + step.share * rate * pull)
    return done


def gradients(
    loss_and_gradient: Gradient,
    theta: Floats,
    sizes: Ints,
    activation: int,
    x: Floats,
    y: NDArray[np.int64],
    order: Ints,
    batch_size: int,
    losses: NDArray[np.float64],
    first: int,
    last: int,
) -> Iterator[Floats]:
    """Gradient of each batch in turn, until a loss is not finite; theta may change in between. See `train`."""
    n_batches = math.ceil(order.shape[1] / batch_size)
    for step in range(first, last):
        epoch, batch = divmod(step, n_batches)
        chosen = order[epoch, batch * batch_size : (batch + 1) * batch_size]
        loss, gradient = loss_and_gradient(theta, sizes, activation, x[chosen], y[chosen])
        losses[epoch] += loss * len(chosen) / order.shape[1]
        if not math.isfinite(loss):
            losses[epoch + 1 :] = math.nan
            return
        yield gradient


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
    """

    t: int
    share: float
    beta1: float
    beta2: float


def step_of(t: int, n: int, batch_size: int, *, weighted: bool) -> Step:
    """Return update t, from 1, of a training that visits n examples per epoch."""
    full = min(batch_size, n)
    n_batches = math.ceil(n / full)
    share = (n % full or full) / full if weighted else 1.0  # of the last batch of an epoch
    n_short = t // n_batches if share < 1 else 0  # among the first t updates
    beta1, beta2 = (beta ** (t - n_short) * (1 - share * (1 - beta)) ** n_short for beta in (BETA1, BETA2))
    return Step(t, 1.0 if t % n_batches else share, beta1, beta2)


def update(
    optimizer: int, p: Floats, state: Floats, g: Floats, rate: float, decay: float, momentum: float, step: Step
) -> None:
    """One step of the optimizer on a part of the parameters; PyTorch's rules, if the batch is full."""
    t, share = step.t, step.share
    rate = share * rate
    if optimizer == ADAMW:
        p *= 1 - rate * decay
    else:
        g = g + decay * p
    if optimizer == SGD:
        v = state[0]
        v[:] = _flushed(momentum * v - rate * g, t)
        p += v
        return
    m, v = state
    new1, new2 = share * (1 - BETA1), share * (1 - BETA2)
    m[:] = _flushed((1 - new1) * m + new1 * g, t)
    v[:] = _flushed((1 - new2) * v + new2 * g * g, t)
    p -= rate / (1 - step.beta1) * m / (np.sqrt(v) / math.sqrt(1 - step.beta2) + EPSILON)


def _flushed(moment: Floats, t: int) -> Floats:
    return moment if t % FLUSHED else np.where(np.abs(moment) < TINY, 0, moment)


def part_sizes(sizes: Ints) -> list[int]:
    """Number of parameters of each weight matrix and each bias, in order."""
    pairs = zip(sizes[:-1].tolist(), sizes[1:].tolist(), strict=True)
    return [size for n_in, n_out in pairs for size in (n_in * n_out, n_out)]


def moving_parts(lengths: list[int], *tables: NDArray[np.float64]) -> list[tuple[Any, ...]]:
    """Slices of the parts that move, each with its number in every table; the first table is of the rates."""
    stops = np.cumsum(lengths).tolist()
    rows = zip([0, *stops], stops, *(table.ravel().tolist() for table in tables), strict=False)
    return [(slice(start, stop), *row) for start, stop, *row in rows if row[0] != 0]


def _hidden(theta: Floats, sizes: Ints, activation: int, x: Floats) -> list[Floats]:
    """Inputs of every layer: x, then the activations."""
    weights, biases = _layout(sizes).views(theta)
    hidden = [x]
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        hidden.append(ACTIVATE[activation](hidden[-1] @ weight + bias))  # (B, O)
    return hidden


def _layout(sizes: Ints) -> Layout:
    return Layout(tuple(sizes.tolist()))
