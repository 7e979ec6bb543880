"""A phase of a training, resolved for one network, and how a backend is led through it.

A phase is three tables with a row a layer and two columns, weights and bias: learning rates, weight decays and pulls
towards the start. Freezing, discriminative rates, unfreezing and penalties are other numbers in them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .checks import at_least_one, in_range
from .errors import UnknownName
from .layout import OPTIMIZERS
from .measures import log_loss
from .network import Network, predict_proba

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .backends import Backend
    from .layout import Floats, Ints

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
    """

    epochs: int
    rates: Table
    decays: Table
    pulls: Table
    patience: int | None = None


def resolve_phase(
    net: Network,
    epochs: int,
    multipliers: Table,
    lr: float,
    weight_decay: float,
    pulls: Table | None = None,
    patience: int | None = None,
) -> ResolvedPhase:
    """Resolve a phase: multipliers times the learning rate, and decay on weight matrices.

    Raises
    ------
    InvalidInput
        If the rate is not above 0 and finite in the network's dtype, or the decay is negative.
    """
    in_range("lr", lr, above=0, below=float(np.finfo(net.dtype).max))
    in_range("weight_decay", weight_decay)
    decays = np.zeros_like(multipliers)
    decays[:, 0] = weight_decay
    return ResolvedPhase(
        epochs, lr * multipliers, decays, np.zeros_like(multipliers) if pulls is None else pulls, patience
    )


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
        moving = np.flatnonzero(phase.rates.any(axis=1))
        # The features below the first layer that moves do not change: computed once, they become the inputs.
        depth = int(moving[0]) if len(moving) else net.layout.n_layers - 1
        theta, sizes, activation = net.kernel_arguments
        above = slice(net.layout.start(depth), None)
        x = backend.features(theta, sizes, activation, examples.x, depth) if depth else examples.x
        batch_size = min(optimiser.batch_size, order.shape[1])
        tables = phase.rates[depth:], phase.decays[depth:], phase.pulls[depth:]
        self.losses = np.zeros(len(order))
        self.steps = 0
        self._train = backend.train
        self._steps_an_epoch = math.ceil(order.shape[1] / batch_size)
        per_step = 6 * (theta.size - above.start) * batch_size
        self._steps_a_call = min(STEPS_PER_CALL, max(1, int(FLOP_PER_CALL / per_step)))
        self._arguments = (
            theta[above],
            np.zeros((2, theta.size - above.start), theta.dtype),
            sizes[depth:],
            activation,
            OPTIMIZERS.index(optimiser.name),
            x,
            examples.y,
            order,
            batch_size,
            *tables,
            anchor[above],
            optimiser.momentum,
            self.losses,
        )

    def run(self, epochs: int) -> bool:
        """Train for so many epochs more; return whether all losses were finite."""
        last = self.steps + epochs * self._steps_an_epoch
        while self.steps < last:
            target = min(self.steps + self._steps_a_call, last)
            self.steps = self._train(*self._arguments, self.steps, target)
            if self.steps < target:
                return False
        return True


def run_until_stalled(course: Course, net: Network, watched: Examples, patience: int, backend: str) -> int:
    """Train epoch by epoch while the loss on examples that are not trained on improves; return the epochs it took."""
    best, best_epoch = math.inf, 0
    epochs = len(course.losses)
    for epoch in range(1, epochs + 1):
        if not course.run(1):
            return epochs  # diverged: the losses say so to their end
        loss = log_loss(predict_proba(net, watched.x, backend=backend), watched.y)
        if loss < best:
            best, best_epoch = loss, epoch
        elif epoch - best_epoch >= patience:
            return epoch
    return epochs
