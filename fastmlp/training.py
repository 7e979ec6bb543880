"""Training: batch order, phases, optimiser. Arrays go to a backend, a `Fit` comes back.

A phase of a training is three tables with a row a layer and two columns, weights and bias: learning rates, weight
decays and pulls towards the start. Freezing, discriminative rates, unfreezing and penalties are other numbers in them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from hashlib import sha256
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from .backends import get_backend
from .checks import at_least_one, check_order, check_trainable, in_range
from .errors import UnknownName
from .layout import OPTIMIZERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from .backends import Backend
    from .layout import Floats, Ints
    from .network import Network
    from .seeds import Rng

    Table = NDArray[np.float64]

# Compiled code does not hear Ctrl-C, so a long training is several calls; each carries the state of the one before and
# the bits do not change. At 5 GFLOP/s, or 10 microseconds a step, slower than any machine seen, a call lasts 200 ms.
FLOP_PER_CALL, STEPS_PER_CALL = 1e9, 20_000

# A training that ends a hundred times worse than guessing has diverged, even if ReLU's dead units keep its loss finite.
HOPELESS = 100


@dataclass(frozen=True, eq=False)
class Optimizer:
    """What all phases of a training share.

    Parameters
    ----------
    name
        ``sgd`` (with classical momentum), ``adam`` or ``adamw``; the rules and defaults are PyTorch's.
    batch_size
        Examples in a batch; more than there are means all of them.
    momentum
        Of ``sgd``, in [0, 1).

    Raises
    ------
    UnknownName, InvalidInput
        If the name is unknown or a number is out of range.
    """

    name: str = "sgd"
    batch_size: int = 32
    momentum: float = 0.9

    def __post_init__(self) -> None:
        if self.name not in OPTIMIZERS:
            raise UnknownName("optimizer", self.name, OPTIMIZERS)
        at_least_one("batch_size", self.batch_size)
        in_range("momentum", self.momentum, below=1)


@dataclass(frozen=True, eq=False)
class ResolvedPhase:
    """One phase, resolved for a network of L layers.

    Parameters
    ----------
    epochs
        How long it lasts.
    rates : (L, 2)
        Learning rate of each weight matrix and each bias; zero means that no work is done for it.
    decays : (L, 2)
        Weight decay of the same.
    pulls : (L, 2)
        Strength of the pull towards the start of the training (L2-SP), taken as a proximal step.
    """

    epochs: int
    rates: Table
    decays: Table
    pulls: Table


@dataclass(frozen=True, eq=False)
class Fit:
    """A finished training.

    Parameters
    ----------
    network
        The trained network; the one that was handed in is untouched.
    losses : (epochs,)
        Mean over each epoch of the losses seen before each update, penalties left out.
    steps
        Updates made.
    seconds
        Wall time of the training itself.
    parameters_trained
        How many parameters were free to move.
    frozen_before, frozen_after
        Hashes of the bytes of all the others, before and after; None if there are none.
    """

    network: Network
    losses: NDArray[np.float64]
    steps: int
    seconds: float
    parameters_trained: int
    frozen_before: str | None
    frozen_after: str | None

    @property
    def diverged_epoch(self) -> int | None:
        """First epoch whose loss is not finite, or the last if it is hopeless; None if the training did not diverge."""
        broken = np.flatnonzero(~np.isfinite(self.losses))
        if len(broken):
            return int(broken[0])
        hopeless = self.losses[-1] > HOPELESS * math.log(self.network.n_classes)
        return len(self.losses) - 1 if hopeless or not np.isfinite(self.network.theta).all() else None

    @property
    def diverged(self) -> bool:
        """Whether the training ended in numbers that mean nothing."""
        return self.diverged_epoch is not None


def train_mlp(
    net: Network,
    X: ArrayLike,
    y: ArrayLike,
    *,
    epochs: int = 100,
    batch_size: int = 32,
    lr: float = 0.1,
    momentum: float = 0.9,
    optimizer: str = "sgd",
    weight_decay: float = 0.0,
    order: ArrayLike | None = None,
    rng: Rng = 0,
    backend: str = "auto",
) -> Fit:
    """Train all parameters of a network on labelled examples.

    Parameters
    ----------
    net
        Where to start; it is not changed.
    X : (n, sizes[0])
        Inputs, taken as they are.
    y : (n,)
        Labels from 0 to n_classes - 1.
    epochs, batch_size
        Passes over the examples, and examples in a batch; the last batch of a pass may be short.
    lr, momentum, optimizer
        Learning rate, momentum of ``sgd``, and ``sgd``, ``adam`` or ``adamw``.
    weight_decay
        Acts on weight matrices, not on biases.
    order : (epochs, n)
        The examples in the order in which they are visited; drawn from `rng` if it is not given.
    rng
        A seed, a `SeedSequence` or a `Generator`.
    backend
        ``auto``, ``numba`` or ``numpy``.

    Raises
    ------
    InvalidInput
        If the examples do not fit the network, or an option is out of range; nothing is trained.

    Examples
    --------
    >>> from fastmlp import init_mlp
    >>> X = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    >>> fit = train_mlp(init_mlp((2, 8, 2), rng=1), X, [0, 1, 1, 0], epochs=300, backend="numpy")
    >>> bool(fit.losses[-1] < 0.05), fit.parameters_trained
    (True, 42)
    """
    optimiser = Optimizer(optimizer, batch_size, momentum)
    phase = resolve_phase(net, at_least_one("epochs", epochs), np.ones((net.layout.n_layers, 2)), lr, weight_decay)
    return fit_phases(net, X, y, [phase], optimiser, order=order, rng=rng, backend=backend)


def resolve_phase(net: Network, epochs: int, multipliers: Table, lr: float, weight_decay: float) -> ResolvedPhase:
    """Resolve a phase: multipliers times the learning rate, decay on weight matrices, no pull.

    Raises
    ------
    InvalidInput
        If the rate is not above 0 and finite in the network's dtype, or the decay is negative.
    """
    in_range("lr", lr, above=0, below=float(np.finfo(net.dtype).max))
    in_range("weight_decay", weight_decay)
    decays = np.zeros_like(multipliers)
    decays[:, 0] = weight_decay
    return ResolvedPhase(epochs, lr * multipliers, decays, np.zeros_like(multipliers))


def fit_phases(
    net: Network,
    X: ArrayLike,
    y: ArrayLike,
    phases: Sequence[ResolvedPhase],
    optimiser: Optimizer,
    *,
    order: ArrayLike | None = None,
    rng: Rng = 0,
    backend: str = "auto",
) -> Fit:
    """Train a network through phases, one after the other; each begins with a fresh state of the optimiser.

    Parameters
    ----------
    net, X, y, order, rng, backend
        As in `train_mlp`; `order` has a row for each epoch of all phases together.
    phases
        The phases.
    optimiser
        What they share.
    """
    x = net.inputs(X)
    labels = check_trainable(net.labels(y, len(x)), net.n_classes)
    epochs = sum(phase.epochs for phase in phases)
    rows = draw_order(epochs, len(x), rng) if order is None else check_order(order, epochs, len(x))
    chosen = get_backend(backend)

    trained = net.copy()
    frozen = _frozen(net, phases)
    losses = np.full(epochs, np.nan)
    steps, epoch, start = 0, 0, perf_counter()
    for phase in phases:
        now = slice(epoch, epoch + phase.epochs)
        losses[now], done = _run(chosen, trained, net.theta, x, labels, rows[now], phase, optimiser)
        steps, epoch = steps + done, now.stop
        if not np.isfinite(losses[:epoch]).all():
            break  # diverged: later phases are not run, and their losses stay NaN
    return Fit(
        network=trained,
        losses=losses,
        steps=steps,
        seconds=perf_counter() - start,
        parameters_trained=net.theta.size - int(frozen.sum()),
        frozen_before=_digest(net.theta[frozen]),
        frozen_after=_digest(trained.theta[frozen]),
    )


def _run(
    backend: Backend,
    net: Network,
    anchor: Floats,
    x: Floats,
    y: NDArray[np.int64],
    order: Ints,
    phase: ResolvedPhase,
    optimiser: Optimizer,
) -> tuple[NDArray[np.float64], int]:
    """Run one phase on `net`, in place; return its losses and the number of updates."""
    moving = np.flatnonzero(phase.rates.any(axis=1))
    # The features below the first layer that moves do not change: they are computed once, and become the inputs.
    depth = int(moving[0]) if len(moving) else net.layout.n_layers - 1
    theta, sizes, activation = net.kernel_arguments
    x = backend.features(theta, sizes, activation, x, depth) if depth else x
    above = slice(net.layout.start(depth), None)
    theta, anchor, sizes = theta[above], anchor[above], sizes[depth:]

    losses = np.zeros(phase.epochs)
    state = np.zeros((2, theta.size), theta.dtype)
    batch_size = min(optimiser.batch_size, order.shape[1])
    steps = phase.epochs * math.ceil(order.shape[1] / batch_size)
    per_call = min(STEPS_PER_CALL, max(1, int(FLOP_PER_CALL / (6 * theta.size * batch_size))))
    code = OPTIMIZERS.index(optimiser.name)
    tables = phase.rates[depth:], phase.decays[depth:], phase.pulls[depth:]
    for first in range(0, steps, per_call):
        last = min(first + per_call, steps)
        done = backend.train(
            theta,
            state,
            sizes,
            activation,
            code,
            x,
            y,
            order,
            batch_size,
            *tables,
            anchor,
            optimiser.momentum,
            losses,
            first,
            last,
        )
        if done < last:
            return losses, done
    return losses, steps


def draw_order(epochs: int, n: int, rng: Rng) -> Ints:
    """Draw the order in which n examples are visited: (epochs, n), each row a permutation."""
    rows = np.tile(np.arange(n, dtype=np.int64), (epochs, 1))
    return np.random.default_rng(rng).permuted(rows, axis=1, out=rows)


def _frozen(net: Network, phases: Sequence[ResolvedPhase]) -> NDArray[np.bool_]:
    """Which parameters no phase moves, (P,)."""
    moved = np.logical_or.reduce([phase.rates != 0 for phase in phases]).ravel()
    lengths = np.diff([*net.layout.offsets.ravel(), net.theta.size])
    frozen: NDArray[np.bool_] = np.repeat(~moved, lengths)
    return frozen


def _digest(parameters: Floats) -> str | None:
    return sha256(parameters.tobytes()).hexdigest()[:16] if parameters.size else None
