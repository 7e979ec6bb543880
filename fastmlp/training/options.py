"""The options that all phases of a training share, checked and converted once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..backends import known_backends
from ..checks import at_least_one, at_least_one_or_none, check_name, in_range, true_or_false
from ..errors import InvalidInput
from ..registry import ADAMW, CROSS_ENTROPY, LEARNING_RATES, LOSSES, OPTIMIZERS, SGD, SHORT_BATCHES


def _known_backend(name: str, value: object) -> str:
    return check_name(name, value, known_backends())


CHECKS: dict[str, Callable[[str, Any], object]] = {
    "epochs": at_least_one,
    "batch_size": at_least_one,
    "lr": partial(in_range, above=0),
    "momentum": partial(in_range, below=1),
    "optimizer": partial(check_name, known=OPTIMIZERS),
    "weight_decay": in_range,
    "threads": at_least_one_or_none,
    "accuracies": true_or_false,
    "short_batch": partial(check_name, known=SHORT_BATCHES),
    "loss": partial(check_name, known=LOSSES),
    "backend": _known_backend,
    "nesterov": true_or_false,
    "l2": in_range,
    "learning_rate": partial(check_name, known=LEARNING_RATES),
    "power_t": in_range,
    "patience": at_least_one_or_none,
    "tol": in_range,
}


@dataclass(frozen=True)
class TrainingOptions:
    """How a network is trained, whatever its phases.

    Numbers that NumPy typed, such as ``np.uint8(32)``, become Python's own here, so that nothing behind this class
    depends on the type that a caller used.

    Parameters
    ----------
    epochs
        Passes over the examples, of all phases together.
    batch_size
        Examples in a batch; a batch larger than the data becomes all of it.
    lr
        The full learning rate, above 0; phases multiply it.
    momentum
        Of ``sgd``, in [0, 1).
    optimizer
        ``sgd`` (with classical momentum), ``adam`` or ``adamw``; rules and defaults are PyTorch's.
    weight_decay
        Acts on weight matrices, not on biases; at least 0.
    accuracies
        Whether to keep the accuracy on the examples after epochs 1, 2, 4, 8 and so on, and after the last.
    backend
        ``auto``, ``numba``, ``numpy`` or ``torch``.
    short_batch
        What is done with the last batch of a pass if it is shorter than the others. ``mean``: a step like any other, as
        scikit-learn and PyTorch do. ``weighted``: a step weighted by its share of a full batch, see
        `fastmlp.backends.reference_optimizer.Step`. ``drop``: nothing, its examples are left out of this pass.
    loss
        ``cross-entropy``, ``binary-cross-entropy``, ``squared-error`` or ``poisson``: see
        `fastmlp.backends.reference_losses`.
    nesterov
        Whether the momentum of ``sgd`` is Nesterov's.
    l2
        Scikit-learn's `alpha`, at least 0: to the loss of a batch belongs l2 / 2 * |weights|^2 / (sum of the batch's
        sample weights). It is another scale for the penalty that `weight_decay` is, which knows no batch.
    learning_rate
        ``constant``; ``invscaling``, which divides the rate by (examples seen in earlier epochs + 1) ** `power_t`; or
        ``adaptive``, which divides it by 5 where `patience` is at its end, until it is 1e-6: as in scikit-learn.
    power_t
        Of ``invscaling``, at least 0.
    patience
        How many epochs in a row may fail to lower the loss by `tol`. One more ends the training, or makes an
        ``adaptive`` rate smaller. None runs all epochs.
    tol
        At least 0.
    threads
        How many threads share a training, or None for what the process may use where an update is large enough to gain
        by it. No bit depends on it.

    Raises
    ------
    UnknownName, InvalidInput
        If a name is unknown, a value is of the wrong kind or out of range, or two options do not go together.

    Examples
    --------
    >>> import numpy as np
    >>> TrainingOptions(batch_size=np.uint8(16)).batch_size
    16
    """

    epochs: int = 100
    batch_size: int = 32
    lr: float = 0.1
    momentum: float = 0.9
    optimizer: str = "sgd"
    weight_decay: float = 0.0
    accuracies: bool = False
    backend: str = "auto"
    short_batch: str = "mean"
    loss: str = LOSSES[CROSS_ENTROPY]
    nesterov: bool = False
    l2: float = 0.0
    learning_rate: str = "constant"
    power_t: float = 0.5
    patience: int | None = None
    tol: float = 1e-4
    threads: int | None = None

    def __post_init__(self) -> None:
        for name, check in CHECKS.items():
            value, usual = getattr(self, name), getattr(TrainingOptions, name)
            if type(value) is not type(usual) or value != usual:  # most are as usual, and a training may take 0.1 ms
                object.__setattr__(self, name, check(name, value))
        if reason := self._contradiction():
            raise InvalidInput(reason)

    def _contradiction(self) -> str:
        """Return which two options do not go together; nothing if all do."""
        if self.nesterov and self.optimizer != OPTIMIZERS[SGD]:
            return f"nesterov is True and optimizer is {self.optimizer!r}; Nesterov's momentum is one of 'sgd'"
        if self.l2 and self.weight_decay:
            return f"l2 is {self.l2} and weight_decay is {self.weight_decay}; they are one penalty, so give one of them"
        if self.l2 and self.optimizer == OPTIMIZERS[ADAMW]:
            return f"l2 is {self.l2} and optimizer is {self.optimizer!r}, which knows no penalty; give weight_decay"
        if self.learning_rate == "adaptive" and self.patience is None:
            return "learning_rate is 'adaptive' and patience is None; after how many epochs is the rate to fall?"
        if self.accuracies and self.loss != LOSSES[CROSS_ENTROPY]:
            return f"accuracies is True and loss is {self.loss!r}; only {LOSSES[CROSS_ENTROPY]!r} has an accuracy"
        return ""

    @property
    def loss_code(self) -> int:
        """Place of the loss in `registry.LOSSES`."""
        return LOSSES.index(self.loss)
