"""What may be called after each epoch of a training, what it is told, and how it ends a phase or the training."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple


class Stop(Enum):
    """What ends after an epoch: the phase, and the next one begins; or the whole training."""

    PHASE = "phase"
    TRAINING = "training"


class Epoch(NamedTuple):
    """What is known after an epoch.

    Attributes
    ----------
    number
        From 1, over all phases.
    loss
        Mean over the epoch of the losses seen before each update.
    network
        As it is then, a `Network` or what is trained of a backbone; it is trained on, so copy it to keep it.
    validation_loss
        Loss of examples that are held back, where something computes it.
    """

    number: int
    loss: float
    network: Any
    validation_loss: float | None = None


AfterEpoch = Callable[[Epoch], Stop | None]
