"""Activation functions, losses and optimizers: their names, and the numbers in their formulas.

The code of one, in both backends, is its place in the tuple of names. What they compute is the business of `backends`.
"""

from __future__ import annotations

from typing import NamedTuple


class Activation(NamedTuple):
    """An activation function ``a = f(z)``, of which kernels need to know two things.

    The result is never below `floor`, and its slope is ``slope[0] + slope[1] * a + slope[2] * a**2`` where a is above
    the floor, and zero elsewhere: z itself is not kept. If no a tells the slope, as none does of a function that falls
    and rises again, then the slope is kept beside it (`keeps_slope`), and stands in this formula for a.
    """

    name: str
    floor: float
    slope: tuple[float, float, float]
    keeps_slope: bool = False


NO_FLOOR = float("-inf")
ACTIVATION_ROWS = (
    Activation("relu", 0.0, (1.0, 0.0, 0.0)),
    Activation("tanh", NO_FLOOR, (1.0, 0.0, -1.0)),  # 1 - a^2
    Activation("logistic", NO_FLOOR, (0.0, 1.0, -1.0)),  # a (1 - a)
    Activation("identity", NO_FLOOR, (1.0, 0.0, 0.0)),
    Activation("gelu", NO_FLOOR, (0.0, 1.0, 0.0), keeps_slope=True),
    Activation("gelu-tanh", NO_FLOOR, (0.0, 1.0, 0.0), keeps_slope=True),  # the approximation that many networks use
)
ACTIVATIONS = tuple(row.name for row in ACTIVATION_ROWS)
RELU, TANH, LOGISTIC, IDENTITY, GELU, GELU_TANH = range(len(ACTIVATIONS))


class Loss(NamedTuple):
    """A loss, and what it can be asked to fit.

    Targets are integer labels (n,), or numbers (n, outputs) of which each output has one of its own, from `least` to
    `most`.
    """

    name: str
    labels: bool
    least: float = float("-inf")
    most: float = float("inf")


LOSS_ROWS = (
    Loss("cross-entropy", labels=True),  # of the softmax
    Loss("binary-cross-entropy", labels=False, least=0.0, most=1.0),  # of one logistic function for each output
    Loss("squared-error", labels=False),
    Loss("poisson", labels=False, least=0.0),  # half the deviance; an output is the logarithm of a mean
)
LOSSES = tuple(row.name for row in LOSS_ROWS)
CROSS_ENTROPY, BINARY_CROSS_ENTROPY, SQUARED_ERROR, POISSON = range(len(LOSSES))

OPTIMIZERS = ("sgd", "adam", "adamw")
SGD, ADAM, ADAMW = range(len(OPTIMIZERS))

# How the rate goes on after an epoch, in scikit-learn's words: see `training.phase_runner.paces_for`
LEARNING_RATES = ("constant", "invscaling", "adaptive")

# What is done with a batch that is shorter than the others: see `backends.reference_optimizer.Step`; "drop" leaves it
# out
SHORT_BATCHES = ("weighted", "mean", "drop")

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # Adam's defaults: Kingma & Ba 2015, algorithm 1; the same in PyTorch


class Adam(NamedTuple):
    """What Adam knows besides a rate.

    Parameters
    ----------
    beta1, beta2
        What its two moving averages keep in an update, at least 0 and below 1.
    epsilon
        Keeps the divisor from zero.
    corrected
        Whether epsilon is added to the root of the second moment that is corrected for its start at zero, as in Kingma
        & Ba and PyTorch; else to the root as it is, as in scikit-learn.
    earlier
        Updates that the averages have seen before this training.
    """

    beta1: float = BETA1
    beta2: float = BETA2
    epsilon: float = EPSILON
    corrected: bool = True
    earlier: int = 0


ADAM_DEFAULTS = Adam()


# Left alone, the moments of dead units decay into denormal numbers, which slow every step. So in every sixteenth update
# those below TINY become zero. Sixteen steps do not lead from there to 1e-38, unless the momentum is below 0.33, where
# nothing lingers on the way to zero.
TINY, FLUSHED = 1e-30, 16
