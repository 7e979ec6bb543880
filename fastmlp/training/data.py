"""Training data: the examples, checked, and the order in which they are visited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..checks import check_order
from ..errors import InvalidInput
from ..inputs import check_trainable
from ..network import examples_for
from ..seeds import generator_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ..layout import Floats, Ints
    from ..network import Network
    from ..seeds import Rng


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs as the network takes them, (n, sizes[0]), and their labels, (n,)."""

    x: Floats
    y: Ints


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What a training works on.

    Parameters
    ----------
    examples
        All of them.
    watched
        Those that are held back from training, for phases that have patience.
    order : (epochs, n - n held back)
        The others in the order in which they are visited.
    """

    examples: Examples
    watched: Examples
    order: Ints


def prepare(
    net: Network,
    X: ArrayLike,
    y: ArrayLike,
    epochs: int,
    order: ArrayLike | None,
    held_back: NDArray[np.bool_] | None,
    rng: Rng,
) -> TrainingData:
    """Check what a training is given, and draw the order if there is none; it raises what `fit_phases` does."""
    x, labels = examples_for(net, X, y)
    rows = draw_order(epochs, len(x), rng) if order is None else check_order(order, epochs, len(x))
    if held_back is None:
        check_trainable(labels, net.n_classes)
        return TrainingData(Examples(x, labels), Examples(x[:0], labels[:0]), rows)
    check_trainable(labels[~held_back], net.n_classes)
    kept = ~held_back[rows]
    visits = np.count_nonzero(kept, axis=1)
    if visits.min() != visits.max():
        raise InvalidInput(
            f"order visits {visits.min()} to {visits.max()} examples an epoch beside those that are held back; "
            "with some held back, each example must be visited once an epoch"
        )
    # The same order, without those that are held back
    return TrainingData(Examples(x, labels), Examples(x[held_back], labels[held_back]), rows[kept].reshape(epochs, -1))


def draw_order(epochs: int, n: int, rng: Rng) -> Ints:
    """Draw the order in which n examples are visited: (epochs, n), each row a permutation."""
    rows = np.tile(np.arange(n, dtype=np.int64), (epochs, 1))
    return generator_of(rng).permuted(rows, axis=1, out=rows)
