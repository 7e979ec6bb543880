"""The options that all phases of a training share, checked and converted once."""

from __future__ import annotations

from dataclasses import dataclass

from ..checks import at_least_one, check_name, check_threads, in_range, true_or_false
from ..registry import OPTIMIZERS, SHORT_BATCHES


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
        ``auto``, ``numba`` or ``numpy``.
    short_batch
        What is done with the last batch of a pass if it is shorter than the others. ``mean``: a step like any other, as
        scikit-learn and PyTorch do. ``weighted``: a step weighted by its share of a full batch, see
        `fastmlp.backends.reference.Step`. ``drop``: nothing, its examples are left out of this pass.
    threads
        How many threads share a training, or None for what the process may use where an update is large enough to gain
        by it. No bit depends on it.

    Raises
    ------
    UnknownName, InvalidInput
        If the optimizer or what is done with a short batch is unknown, or a value is of the wrong kind or out of range.

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
    threads: int | None = None

    def __post_init__(self) -> None:
        checked = {
            "epochs": at_least_one("epochs", self.epochs),
            "batch_size": at_least_one("batch_size", self.batch_size),
            "lr": in_range("lr", self.lr, above=0),
            "momentum": in_range("momentum", self.momentum, below=1),
            "optimizer": check_name("optimizer", self.optimizer, OPTIMIZERS),
            "weight_decay": in_range("weight_decay", self.weight_decay),
            "threads": check_threads(self.threads),
            "accuracies": true_or_false("accuracies", self.accuracies),
            "short_batch": check_name("short_batch", self.short_batch, SHORT_BATCHES),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)
