"""The network and its training in NumPy: the text to read, and the standard that `compiled` is held to.

Axes: B examples of a batch, I inputs of a layer, O outputs, C outputs of the last layer. A layer computes ``z = x @ W +
b`` and, unless it is the last, ``a = activation(z)``; the module `between` says what else may lie there. What z of the
last layer means is the business of the loss, see `reference_losses`. Every array keeps the dtype of the parameters.

References: Goodfellow, Bengio & Courville, *Deep Learning* (2016), section 6.5; Li et al. (2018, arXiv 1802.01483) for
the pull towards an anchor. What a step of the optimizer is, `reference_optimizer` says.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..layout import Layout
from ..registry import ADAM_DEFAULTS, CROSS_ENTROPY, Adam
from . import reference_gelu
from .between import BEFORE, BEFORE_KEY, BEHIND, BEHIND_KEY, INNER, NO_VISIT, NORM, mask, rescaled_layers
from .reference_losses import logistic, mean_loss
from .reference_optimizer import step_of, update
from .watch import judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from ..layout import Floats, Ints
    from .watch import Watch

    Gradient = Callable[..., tuple[float, Floats]]  # the arguments of `loss_and_gradient`


# In the order of `registry.ACTIVATIONS`; a slope is written in terms of the activation a where it can be
ACTIVATE = (lambda z: np.maximum(z, 0), np.tanh, logistic, lambda z: z, reference_gelu.gelu, reference_gelu.gelu_tanh)
SLOPE = (
    lambda _, a: a > 0,
    lambda _, a: 1 - a * a,
    lambda _, a: a * (1 - a),
    lambda _, _a: 1,
    lambda z, _: reference_gelu.gelu_slope(z),
    lambda z, _: reference_gelu.gelu_tanh_slope(z),
)


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
    return _forward(theta, sizes, activation, x)[depth].inputs


@quiet
def forward(theta: Floats, sizes: Ints, activation: int, x: Floats) -> Floats:
    """Logits, (n, sizes[-1]); the other arguments are those of `features`."""
    return _forward(theta, sizes, activation, x)[-1].z


@quiet
def loss_and_gradient(
    theta: Floats,
    sizes: Ints,
    activation: int,
    x: Floats,
    y: NDArray[Any],
    sample_weight: Floats | None = None,
    loss: int = CROSS_ENTROPY,
    between: NDArray[np.float64] | None = None,
) -> tuple[float, Floats]:
    """Mean loss of some examples and its gradient, by backpropagation; nothing is dropped.

    Parameters
    ----------
    theta, sizes, activation, x
        As in `features`; x is (B, sizes[0]).
    y : (B,) labels from 0, or (B, C) targets of theta's dtype, as the loss takes them.
    sample_weight : (B,) of theta's dtype; see `reference_losses.mean_loss`.
    loss : place in `registry.LOSSES`.
    between : (L, columns) what lies between layers, see the module `between`; None if there are only activations.

    Returns
    -------
    loss : mean over the examples.
    gradient : (P,) of theta's dtype.
    """
    return gradient_of_batch(theta, sizes, activation, x, y, sample_weight, loss, between)


def gradient_of_batch(
    theta: Floats,
    sizes: Ints,
    activation: int,
    x: Floats,
    y: NDArray[Any],
    sample_weight: Floats | None,
    loss: int,
    between: NDArray[np.float64] | None = None,
    visit: int = NO_VISIT,
) -> tuple[float, Floats]:
    """Return what `loss_and_gradient` does; but with a number of the first example's visit, some units are dropped."""
    gradient = np.empty_like(theta)
    layout = _layout(sizes, between)
    weights, gains = layout.views(theta)[0], layout.gains(theta)
    d_weights, d_biases = layout.views(gradient)
    d_gains = layout.gains(gradient)
    layers = _forward(theta, sizes, activation, x, between, visit)
    mean, dz = mean_loss(loss, layers[-1].z, y, sample_weight)  # dz (B, C)
    for k in reversed(range(len(layers))):
        layer, d_gain, gain = layers[k], d_gains[k], gains[k]
        if layer.inner is not None and d_gain is not None and gain is not None:
            rows = layer.inner.rows  # activations are of gain * rows + shift
            d_gain[:] = (dz * rows).sum(axis=0), dz.sum(axis=0)
            dz = through_norm(dz * gain[0], layer.inner)
        d_weights[k][:] = layer.inputs.T @ dz  # (I, O)
        d_biases[k][:] = dz.sum(axis=0)  # (O,)
        if k > 0:
            da = _times(dz @ weights[k].T, layer.behind)  # (B, I)
            if layer.norm is not None:
                da = through_norm(da, layer.norm)
            below = layers[k - 1]
            dz = _times(da, layer.before) * SLOPE[activation](below.z, below.a)
    return mean, gradient


@quiet
def train(
    theta: Floats,
    state: Floats,
    sizes: Ints,
    activation: int,
    optimizer: int,
    x: Floats,
    y: NDArray[Any],
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
    loss: int = CROSS_ENTROPY,
    sample_weight: Floats | None = None,
    nesterov: bool = False,
    paces: NDArray[np.float64] | None = None,
    penalties: NDArray[np.float64] | None = None,
    watch: Watch | None = None,
    between: NDArray[np.float64] | None = None,
    adam: Adam = ADAM_DEFAULTS,
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
    y : (n,) labels or (n, C) targets, as in `loss_and_gradient`.
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
    loss : place in `registry.LOSSES`.
    sample_weight : (n,) of theta's dtype. The loss of a batch is the mean weighted by those of its examples; a batch
        whose weights are all zero has loss and gradient zero.
    nesterov : whether `sgd` looks ahead, see `update`.
    paces : (epochs,) what all learning rates are multiplied by in each epoch; without it, one.
    penalties : (epochs,) if given, `decays` are those of an L2 penalty that belongs to the loss of a batch, as in
        scikit-learn: decay / 2 * |p|^2 / (sum of the batch's weights). Its mean over each epoch is added here, and not
        to `losses`.
    watch : if given, it decides after each epoch whether and how the training goes on.
    between : (L, columns) as in `loss_and_gradient`; what is watched is computed without dropout. The visit of place
        i in epoch e of the order has the number e * m + i.
    adam : what Adam and AdamW know besides their rates.

    Returns
    -------
    Updates completed: `last`, or less if a loss was not finite or the watch has stopped the training. A loss that is
    not finite is in `losses`, and later epochs hold NaN.
    """
    return train_by(
        gradient_of_batch, theta, state, sizes, activation, optimizer, x, y, order, batch_size, rates, decays, pulls,
        anchor, momentum, losses, first, last, weighted=weighted, loss=loss, sample_weight=sample_weight,
        nesterov=nesterov, paces=paces, penalties=penalties, watch=watch, between=between, adam=adam,
    )  # fmt: skip


def train_by(
    loss_and_gradient: Gradient,
    theta: Floats,
    state: Floats,
    sizes: Ints,
    activation: int,
    optimizer: int,
    x: Floats,
    y: NDArray[Any],
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
    loss: int = CROSS_ENTROPY,
    sample_weight: Floats | None = None,
    nesterov: bool = False,
    paces: NDArray[np.float64] | None = None,
    penalties: NDArray[np.float64] | None = None,
    watch: Watch | None = None,
    between: NDArray[np.float64] | None = None,
    adam: Adam = ADAM_DEFAULTS,
) -> int:
    """Train as `train` does, by any function that returns a loss and its gradient."""
    n, done = order.shape[1], first
    n_batches = math.ceil(n / batch_size)
    for gradient, total in gradients(
        loss_and_gradient, theta, sizes, activation, x, y, order, batch_size, losses, first, last, loss=loss,
        sample_weight=sample_weight, between=between,
    ):  # fmt: skip
        epoch, batch = divmod(done, n_batches)
        done += 1
        step, pace = step_of(done, n, batch_size, weighted=weighted, adam=adam), pace_of(epoch, paces, watch)
        parts = moving_parts(part_sizes(sizes, between), rates, decays, pulls)
        if penalties is not None:
            parts = [(part, rate, decay / total if total > 0 else 0.0, pull) for part, rate, decay, pull in parts]
            penalty = sum(decay / 2 * float(theta[part] @ theta[part]) for part, _, decay, _ in parts)
            penalties[epoch] += penalty * min(batch_size, n - batch * batch_size) / n
        for part, rate, decay, pull in parts:
            update(
                optimizer, theta[part], state[:, part], gradient[part], pace * rate, decay, momentum, step,
                nesterov=nesterov,
            )  # fmt: skip
            if pull > 0:
                # Proximal step of rate * pull / 2 * |p - anchor|^2: stable at any strength (Parikh & Boyd 2014, 1.1)
                theta[part] = anchor[part] + (theta[part] - anchor[part]) / (1 + step.share * pace * rate * pull)
        if watch is not None and len(watch.losses) and done % n_batches == 0:
            seen = losses[epoch] + (0.0 if penalties is None else penalties[epoch])
            if len(watch.held_back):
                held_back = pick(watch.held_back, x, y, sample_weight)
                told = {} if between is None else {"between": between}
                seen = watch.losses[epoch] = loss_and_gradient(theta, sizes, activation, *held_back, loss, **told)[0]
            if judge(watch.state, epoch, seen) and len(watch.best):
                watch.best[:] = theta
            if watch.stopped:
                break
    return done


def pace_of(epoch: int, paces: NDArray[np.float64] | None, watch: Watch | None) -> float:
    """Return what learning rates are multiplied by in an epoch."""
    planned = 1.0 if paces is None else float(paces[epoch])
    return planned if watch is None else planned * watch.pace


def gradients(
    loss_and_gradient: Gradient,
    theta: Floats,
    sizes: Ints,
    activation: int,
    x: Floats,
    y: NDArray[Any],
    order: Ints,
    batch_size: int,
    losses: NDArray[np.float64],
    first: int,
    last: int,
    *,
    loss: int,
    sample_weight: Floats | None,
    between: NDArray[np.float64] | None = None,
) -> Iterator[tuple[Floats, float]]:
    """Gradient of each batch in turn and the sum of its weights, until a loss is not finite. See `train`.

    Theta may change in between.
    """
    n_batches, told = math.ceil(order.shape[1] / batch_size), {}
    for step in range(first, last):
        epoch, batch = divmod(step, n_batches)
        chosen = order[epoch, batch * batch_size : (batch + 1) * batch_size]
        inputs, targets, weights = pick(chosen, x, y, sample_weight)
        if between is not None:
            told = {"between": between, "visit": epoch * order.shape[1] + batch * batch_size}
        mean, gradient = loss_and_gradient(theta, sizes, activation, inputs, targets, weights, loss, **told)
        losses[epoch] += mean * len(chosen) / order.shape[1]
        if not math.isfinite(mean):
            losses[epoch + 1 :] = math.nan
            return
        yield gradient, float(len(chosen) if weights is None else weights.sum())


def pick(
    rows: Ints, x: Floats, y: NDArray[Any], sample_weight: Floats | None
) -> tuple[Floats, NDArray[Any], Floats | None]:
    """Return inputs, targets and weights of some examples."""
    return x[rows], y[rows], None if sample_weight is None else sample_weight[rows]


def part_sizes(sizes: Ints, between: NDArray[np.float64] | None = None) -> list[int]:
    """Number of parameters of each weight matrix and each bias, with which gain and shift go, in order."""
    counts: list[int] = _layout(sizes, between).lengths.ravel().tolist()
    return counts


def moving_parts(lengths: list[int], *tables: NDArray[np.float64]) -> list[tuple[Any, ...]]:
    """Slices of the parts that move, each with its number in every table; the first table is of the rates."""
    stops = np.cumsum(lengths).tolist()
    rows = zip([0, *stops], stops, *(table.ravel().tolist() for table in tables), strict=False)
    return [(slice(start, stop), *row) for start, stop, *row in rows if row[0] != 0]


class Normalised(NamedTuple):
    """Rows of mean 0 and variance 1, and what they were divided by, (B, 1)."""

    rows: Floats
    spread: Floats


class Passed(NamedTuple):
    """What a forward pass through a layer leaves behind."""

    inputs: Floats  # (B, I), dropped and normalised as `between` says
    before: Floats | None  # (B, I), mask before the norm
    norm: Normalised | None
    behind: Floats | None  # (B, I), mask behind it
    inner: Normalised | None  # (B, O), before the activation
    z: Floats  # (B, O), of which a is the activation
    a: Floats


def _forward(
    theta: Floats,
    sizes: Ints,
    activation: int,
    x: Floats,
    between: NDArray[np.float64] | None = None,
    visit: int = NO_VISIT,
) -> list[Passed]:
    """Go through the layers, of which the last has no activation."""
    layout = _layout(sizes, between)
    passed: list[Passed] = []
    table = np.zeros((layout.n_layers, BEHIND_KEY + 1)) if between is None else between
    for weight, bias, gain, row in zip(*layout.views(theta), layout.gains(theta), table, strict=True):
        before = mask(row[BEFORE], row[BEFORE_KEY], visit, x.shape, x.dtype)
        behind = mask(row[BEHIND], row[BEHIND_KEY], visit, x.shape, x.dtype)
        x = _times(x, before)
        norm = normalise(x, row[NORM]) if row[NORM] > 0 else None
        inputs = _times(x if norm is None else norm.rows, behind)
        z, inner = inputs @ weight + bias, None
        if gain is not None:
            inner = normalise(z, row[INNER])
            z = inner.rows * gain[0] + gain[1]
        x = z if len(passed) == layout.n_layers - 1 else ACTIVATE[activation](z)
        passed.append(Passed(inputs, before, norm, behind, inner, z, x))
    return passed


def normalise(x: Floats, epsilon: float) -> Normalised:
    """Normalise each row to mean 0 and variance 1, but for epsilon, which is added to the variance."""
    centred = x - mean_of(x)
    spread = np.sqrt(mean_of(centred**2) + x.dtype.type(epsilon))
    return Normalised(centred / spread, spread)


def through_norm(d: Floats, norm: Normalised) -> Floats:
    """Return the gradient at what was normalised, for that at the rows: mean and spread depend on all of a row."""
    gradient: Floats = (d - mean_of(d) - norm.rows * mean_of(d * norm.rows)) / norm.spread
    return gradient


def mean_of(rows: Floats) -> Floats:
    """Mean of each row, (B, 1)."""
    mean: Floats = rows.mean(axis=1, keepdims=True)
    return mean


def _times(x: Floats, mask: Floats | None) -> Floats:
    return x if mask is None else x * mask


def _layout(sizes: Ints, between: NDArray[np.float64] | None = None) -> Layout:
    return Layout(tuple(sizes.tolist()), rescaled_layers(between))
