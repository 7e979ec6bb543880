"""Training data: the examples, checked, and the order in which they are visited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..checks import check_order
from ..errors import InvalidInput, shown
from ..inputs import check_trainable, warn_of_sentinels
from ..network import examples_for
from ..seeds import generator_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ..layout import Floats, Ints
    from ..network import Network
    from ..seeds import Rng

LONGEST_ORDER = 2**36  # visits; half a terabyte, so that a slip of the keyboard is refused and not tried


@dataclass(frozen=True, eq=False)
class Examples:
    """Labelled examples as the network takes them.

    Parameters
    ----------
    x : (n, sizes[0])
        Inputs, of the network's dtype.
    y : (n,)
        Labels.
    """

    x: Floats
    y: Ints


@dataclass(frozen=True, eq=False)
class TrainingData:
    """The examples of a training and the order in which they are visited.

    Parameters
    ----------
    examples
        All labelled examples.
    held_back
        Those of them that are not trained on, for phases that stop early.
    order : (epochs, n - n held back)
        The others, in the order in which they are visited.
    """

    examples: Examples
    held_back: Examples
    order: Ints


def prepare_data(
    net: Network,
    X: ArrayLike,
    y: ArrayLike,
    epochs: int,
    order: ArrayLike | None,
    held_back: NDArray[np.bool_] | None,
    rng: Rng,
) -> TrainingData:
    """Check the examples and the order, and draw the order if none is given.

    Parameters
    ----------
    net, X, y, order, rng
        As in `fastmlp.train_mlp`.
    epochs
        Rows of the order.
    held_back : (n,)
        Marks the examples that are not trained on.

    Raises
    ------
    ShapeError, NotFiniteError, LabelError, InvalidInput
        If the examples do not fit the network, or the order does not fit the examples.
    """
    x, labels = examples_for(net, X, y)
    warn_of_sentinels(x)
    rows = draw_order(epochs, len(x), rng) if order is None else check_order(order, epochs, len(x))
    if held_back is None:
        check_trainable(labels, net.n_classes)
        return TrainingData(Examples(x, labels), Examples(x[:0], labels[:0]), rows)
    check_trainable(labels[~held_back], net.n_classes)
    kept = ~held_back[rows]
    visits = np.count_nonzero(kept, axis=1)
    if visits.min() != visits.max():
        raise InvalidInput(
            f"order visits {visits.min()} to {visits.max()} examples per epoch besides those that are held back; "
            "with some held back, each example must be visited once per epoch"
        )
    # The same order, without those that are held back
    return TrainingData(Examples(x, labels), Examples(x[held_back], labels[held_back]), rows[kept].reshape(epochs, -1))


def draw_order(epochs: int, n: int, rng: Rng) -> Ints:
    """Draw the order in which n examples are visited: (epochs, n), each row a permutation.

    Raises
    ------
    InvalidInput
        If it would be too long for any memory.
    """
    if epochs * n > LONGEST_ORDER:
        raise InvalidInput(f"epochs is {shown(epochs)}: with {n} examples, more than {LONGEST_ORDER} visits in all")
    rows = np.tile(np.arange(n, dtype=np.int64), (epochs, 1))
    return generator_of(rng).permuted(rows, axis=1, out=rows)
