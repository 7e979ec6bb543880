"""One phase on one backend: the arguments of its kernel, and the calls that take it through its epochs."""

from __future__ import annotations

import math
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from ..backends import StepwiseTraining, get_backend, threads_for
from ..network import Network, kernel_arguments
from ..registry import OPTIMIZERS

if TYPE_CHECKING:
    from ..layout import Floats, Ints
    from .data import Examples
    from .options import TrainingOptions
    from .phases import ResolvedPhase

# Compiled code cannot be interrupted, so a long training is split into several calls. Each continues from the state of
# the call before it, and no bit changes. At 5 GFLOP/s, or 10 microseconds per step, which is slower than any machine
# seen, the first call takes 200 ms. Later calls are sized by the speed of the one before, to take half as long: a call
# has a cost of its own, as large as that of many steps.
FLOP_PER_CALL, STEPS_PER_CALL, SECONDS_PER_CALL = 1e9, 20_000, 0.1
FLOP_PER_UPDATE = 6  # of a parameter and an example: a product and a sum, forward, backward and for the gradient


class PhaseRunner:
    """Trains a network through the epochs of one phase.

    Parameters
    ----------
    net
        Trained in place.
    anchor : (P,)
        Parameters that pulls lead to.
    examples
        The labelled examples.
    phase
        The phase.
    order : (epochs, n)
        The examples in the order in which they are visited, for each epoch of the phase.
    options
        Say which backend computes, with which optimizer and batch size, and what is done with a short batch.
    """

    def __init__(
        self,
        net: Network,
        anchor: Floats,
        examples: Examples,
        phase: ResolvedPhase,
        order: Ints,
        options: TrainingOptions,
    ) -> None:
        self.losses = np.zeros(len(order))
        self.steps = 0
        backend = get_backend(options.backend)
        # The features below the first layer that moves do not change: computed once, they become the inputs.
        moving = np.flatnonzero(phase.trainable) // 2  # layers
        depth = int(moving[0]) if len(moving) else net.layout.n_layers - 1
        theta, sizes, activation = kernel_arguments(net)
        above = slice(net.layout.starts[depth], None)
        x = backend.hidden(theta, sizes, activation, examples.x, depth, options.threads) if depth else examples.x
        batch_size = min(options.batch_size, order.shape[1])
        if options.short_batch == "drop":
            order = np.ascontiguousarray(order[:, : order.shape[1] // batch_size * batch_size])
        optimizer = OPTIMIZERS.index(options.optimizer)
        theta, anchor, sizes = theta[above], anchor[above], sizes[depth:]
        rates, decays, pulls = phase.rates[depth:], phase.decays[depth:], phase.pulls[depth:]
        self._steps_per_epoch = math.ceil(order.shape[1] / batch_size)
        flop = FLOP_PER_UPDATE * theta.size * batch_size
        self._steps_per_call = min(STEPS_PER_CALL, max(1, int(FLOP_PER_CALL / flop)))
        visits = x, examples.y, order, batch_size
        weighted = options.short_batch == "weighted"
        if phase.adapters is None:
            threads = options.threads or threads_for(flop, updates=self._steps_per_epoch * len(order))
            self._training = backend.start_training(
                theta, sizes, activation, optimizer, *visits, rates, decays, pulls, anchor, options.momentum,
                self.losses, weighted=weighted, threads=threads,
            )  # fmt: skip
        else:
            head = theta[net.layout.above(depth).starts[len(sizes) - 2] :]
            factors = np.concatenate([*phase.adapters.factors[depth:], head])
            moments = np.zeros((2, factors.size), factors.dtype)
            self._training = StepwiseTraining(
                partial(
                    backend.train_lora, theta, factors, moments, sizes, activation, optimizer, *visits,
                    phase.adapters.rank, 1.0, rates, decays, theta.copy(), options.momentum, self.losses,
                    weighted=weighted,
                )
            )  # fmt: skip

    def run(self, epochs: int) -> bool:
        """Train for this many more epochs; return whether all losses were finite."""
        last = self.steps + epochs * self._steps_per_epoch
        while self.steps < last:
            first, start = self.steps, perf_counter()
            target = min(first + self._steps_per_call, last)
            self.steps = self._training.run(first, target, ends=target == last)
            if self.steps < target:
                return False
            if target < last:
                self._steps_per_call = max(1, int((target - first) * SECONDS_PER_CALL / (perf_counter() - start)))
        return True
