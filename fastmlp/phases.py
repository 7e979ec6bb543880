"""A phase of a training, resolved for one network, and how a backend is led through it.

A phase is three tables with a row a layer and two columns, weights and bias: learning rates, weight decays and pulls
towards the start. Freezing, discriminative rates, unfreezing and penalties are other numbers in them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .checks import at_least_one, in_range
from .errors import UnknownName
from .layout import OPTIMIZERS
from .measures import log_loss
from .network import Network, predict_proba

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from .backends import Backend
    from .layout import Floats, Ints, Layout

    Table = NDArray[np.float64]

# Compiled code does not hear Ctrl-C, so a long training is several calls; each carries the state of the one before and
# the bits do not change. At 5 GFLOP/s, or 10 microseconds a step, slower than any machine seen, a call lasts 200 ms.
FLOP_PER_CALL, STEPS_PER_CALL = 1e9, 20_000


@dataclass(frozen=True)
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
class Adapters:
    """What a low-rank training begins with: A drawn, B zero, so that the first output is the base's.

    Parameters
    ----------
    rank
        Columns of every A and rows of every B.
    factors
        Of each layer below the head, A (in, rank) and then B (rank, out), row by row.
    """

    rank: int
    factors: tuple[Floats, ...]


def draw_adapters(net: Network, rank: int, rng: np.random.Generator) -> Adapters:
    """Draw A from the normal law with variance 1 / in, and let B be zero (Hu et al. 2021, section 4.1)."""
    return Adapters(
        rank,
        tuple(
            np.concatenate([rng.normal(scale=n_in**-0.5, size=n_in * rank), np.zeros(rank * n_out)]).astype(net.dtype)
            for n_in, n_out in zip(net.sizes[:-2], net.sizes[1:-1], strict=True)
        ),
    )


@dataclass(frozen=True, eq=False)
class ResolvedPhase:
    """One phase, resolved for a network of L layers.

    Parameters
    ----------
    epochs
        How long it lasts, at the most.
    rates : (L, 2)
        Learning rate of each weight matrix and each bias; zero means that no work is done for it.
    decays : (L, 2)
        Weight decay of the same.
    pulls : (L, 2)
        Strength of the pull towards the start of the training (L2-SP), taken as a proximal step.
    patience
        Ends the phase when the loss on held-back examples has not improved for so many epochs; None lets it run.
    adapters
        If there are any, weights below the head move as W = base + A @ B, and the biases there do not: but for the last
        row, the columns of the tables then stand for A and B.
    """

    epochs: int
    rates: Table
    decays: Table
    pulls: Table
    patience: int | None = None
    adapters: Adapters | None = None

    @property
    def moves(self) -> NDArray[np.bool_]:
        """Which weight matrices and biases are free to move, (L, 2)."""
        free: NDArray[np.bool_] = self.rates != 0
        if self.adapters:
            free[:-1, 0] |= free[:-1, 1]
            free[:-1, 1] = False
        return free

    def trainable(self, layout: Layout) -> list[int]:
        """Count the numbers of each layer that are free to move, the head's last."""
        counts: list[int] = (layout.lengths * self.moves).sum(axis=1).tolist()
        if self.adapters:
            counts[:-1] = [part.size * (count > 0) for part, count in zip(self.adapters.factors, counts, strict=False)]
        return counts


def resolve_phase(
    net: Network,
    epochs: int,
    multipliers: Table,
    lr: float,
    weight_decay: float,
) -> ResolvedPhase:
    """Resolve a phase: multipliers times the learning rate, decay on weight matrices, no pull, no patience, full rank.

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


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs as the network takes them, (n, sizes[0]), and their labels, (n,)."""

    x: Floats
    y: Ints


class Course:
    """A phase on its way through its epochs.

    Parameters
    ----------
    backend, optimiser
        Who computes, and by which rule.
    net
        Trained in place.
    anchor : (P,)
        Where pulls lead.
    examples
        What is trained on.
    phase
        The phase.
    order : (epochs, n)
        The examples in the order in which they are visited.
    """

    def __init__(
        self,
        backend: Backend,
        optimiser: Optimizer,
        net: Network,
        anchor: Floats,
        examples: Examples,
        phase: ResolvedPhase,
        order: Ints,
    ) -> None:
        # The features below the first layer that moves do not change: computed once, they become the inputs.
        moving = np.flatnonzero(phase.moves) // 2  # layers
        depth = int(moving[0]) if len(moving) else net.layout.n_layers - 1
        theta, sizes, activation = net.kernel_arguments
        above = slice(net.layout.starts[depth], None)
        x = backend.features(theta, sizes, activation, examples.x, depth) if depth else examples.x
        batch_size = min(optimiser.batch_size, order.shape[1])
        code = OPTIMIZERS.index(optimiser.name)
        theta, anchor, sizes = theta[above], anchor[above], sizes[depth:]
        rates, decays, pulls = phase.rates[depth:], phase.decays[depth:], phase.pulls[depth:]
        self.losses = np.zeros(len(order))
        self.steps = 0
        self._steps_an_epoch = math.ceil(order.shape[1] / batch_size)
        self._steps_a_call = min(STEPS_PER_CALL, max(1, int(FLOP_PER_CALL / (6 * theta.size * batch_size))))
        data = x, examples.y, order, batch_size
        if phase.adapters is None:
            self._train = backend.train
            self._arguments: tuple[Any, ...] = (
                theta, _rest(theta), sizes, activation, code, *data, rates, decays, pulls, anchor, optimiser.momentum,
                self.losses,
            )  # fmt: skip
        else:
            head = theta[net.layout.above(depth).starts[len(sizes) - 2] :]
            factors = np.concatenate([*phase.adapters.factors[depth:], head])
            self._train = backend.train_low_rank
            self._arguments = (
                theta, factors, _rest(factors), sizes, activation, code, *data, phase.adapters.rank, 1.0, rates,
                decays, theta.copy(), optimiser.momentum, self.losses,
            )  # fmt: skip

    def run(self, epochs: int) -> bool:
        """Train for so many epochs more; return whether all losses were finite."""
        last = self.steps + epochs * self._steps_an_epoch
        while self.steps < last:
            target = min(self.steps + self._steps_a_call, last)
            self.steps = self._train(*self._arguments, self.steps, target)
            if self.steps < target:
                return False
        return True


def _rest(parameters: Floats) -> Floats:
    """Moments of parameters that have not moved yet, (2, P)."""
    return np.zeros((2, parameters.size), parameters.dtype)


def run_until_stalled(
    course: Course,
    net: Network,
    watched: Examples,
    patience: int,
    backend: str,
    before: int = 0,
    write: Callable[[int], None] = lambda _: None,
) -> int:
    """Train epoch by epoch while the loss on examples that are not trained on improves; return the epochs it took.

    After each, `write` is told its number, counted on from the epochs `before`. With so few labels that none could be
    held back, nothing is seen to improve: it takes as many as its patience.
    """
    best, best_epoch = math.inf, 0
    epochs = len(course.losses)
    for epoch in range(1, epochs + 1):
        if not course.run(1):
            return epochs  # diverged: the losses say so to their end
        write(before + epoch)
        loss = log_loss(predict_proba(net, watched.x, backend=backend), watched.y) if len(watched.y) else math.inf
        if loss < best:
            best, best_epoch = loss, epoch
        elif epoch - best_epoch >= patience:
            return epoch
    return epochs
