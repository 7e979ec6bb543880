"""Training data: the examples, checked, which of them are held back, and the order in which the others are visited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..checks import check_order, in_range, is_real
from ..errors import InvalidInput, ShapeError, shown
from ..inputs import as_array, check_trainable, warn_of_sentinels
from ..network import inputs_for
from ..registry import LOSS_ROWS
from ..seeds import generator_of
from ..targets import check_sample_weight, check_some_count, check_targets

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ..layout import Floats, Ints
    from ..network import Network
    from ..seeds import Rng
    from .options import TrainingOptions

LONGEST_ORDER = 2**36  # visits; half a terabyte, so that a slip of the keyboard is refused and not tried


@dataclass(frozen=True, eq=False)
class Examples:
    """Examples as the network and the loss take them.

    Parameters
    ----------
    x : (n, sizes[0])
        Inputs, of the network's dtype.
    y : (n,) or (n, outputs)
        Labels, or targets of the network's dtype.
    sample_weight : (n,)
        What each counts, of the network's dtype; None if all count the same.
    """

    x: Floats
    y: NDArray[Any]
    sample_weight: Floats | None = None


@dataclass(frozen=True, eq=False)
class TrainingData:
    """The examples of a training and the order in which they are visited.

    Parameters
    ----------
    examples
        All examples.
    held_back : (m,)
        Rows of those that are not trained on, for trainings that stop early.
    order : (epochs, n - m)
        The others, in the order in which they are visited.
    masks
        Draws the keys of masks, phase by phase; None for a network without dropout.
    """

    examples: Examples
    held_back: Ints
    order: Ints
    masks: np.random.Generator | None = None


def check_examples(
    net: Network, X: ArrayLike | Examples, y: ArrayLike, loss: int, sample_weight: ArrayLike | None = None
) -> Examples:
    """Return examples as a network and a loss take them.

    Parameters
    ----------
    net, y, sample_weight
        As in `fastmlp.train_mlp`.
    X : (n, sizes[0])
        The same; or examples that were checked for such a network and loss before, which are returned as they are.
    loss
        Place in `registry.LOSSES`.

    Raises
    ------
    ShapeError, NotFiniteError, LabelError, InvalidInput
        If the examples do not fit the network or the loss.
    """
    if isinstance(X, Examples):
        return X
    x = inputs_for(net, X)
    targets = check_targets(y, len(x), net.sizes[-1], loss, net.dtype)
    weights = check_sample_weight(sample_weight, len(x), net.dtype)
    warn_of_sentinels(x)
    return Examples(x, targets, weights)


def prepare_data(
    net: Network,
    X: ArrayLike | Examples,
    y: ArrayLike,
    options: TrainingOptions,
    order: ArrayLike | None,
    sample_weight: ArrayLike | None,
    held_back: ArrayLike | float,
    rng: Rng,
) -> TrainingData:
    """Check the examples and the order, and draw what is not given.

    Parameters
    ----------
    net, order, held_back, rng
        As in `fastmlp.train_mlp`.
    X, y, sample_weight
        As in `check_examples`.
    options
        Hold the epochs, which are the rows of the order, and the loss.

    Raises
    ------
    ShapeError, NotFiniteError, LabelError, InvalidInput
        If the examples do not fit the network or the loss, or the order does not fit the examples.
    """
    examples, labels = check_examples(net, X, y, options.loss_code, sample_weight), LOSS_ROWS[options.loss_code].labels
    n, targets, weights = len(examples.x), examples.y, examples.sample_weight
    rows = draw_order(options.epochs, n, rng) if order is None else check_order(order, options.epochs, n)
    mask = marked(held_back, n, targets if labels else None, rng)
    holds_back = mask.any()
    if labels:
        check_trainable(targets[~mask] if holds_back else targets, net.n_classes)
    masks = (
        generator_of(rng).spawn(2)[1] if net.drops else None
    )  # the first child of a seed's may draw what is held back
    if not holds_back:
        return TrainingData(examples, np.empty(0, np.int64), rows, masks)
    if weights is not None:
        check_some_count(weights[~mask], " that are trained on")
        check_some_count(weights[mask], " that are held back")
    return TrainingData(examples, np.flatnonzero(mask), without(rows, mask), masks)


def without(order: Ints, mask: NDArray[np.bool_]) -> Ints:
    """Return the same order without the examples that are marked.

    Raises
    ------
    InvalidInput
        If epochs would come to differ in length.
    """
    kept = ~mask[order]
    visits = np.count_nonzero(kept, axis=1)
    if visits.min() != visits.max():
        raise InvalidInput(
            f"order visits {visits.min()} to {visits.max()} examples per epoch besides those that are held back; "
            "with some held back, each example must be visited once per epoch"
        )
    return order[kept].reshape(len(order), -1)


def marked(held_back: ArrayLike | float, n: int, labels: Ints | None, rng: Rng) -> NDArray[np.bool_]:
    """Return which examples are held back, (n,).

    Parameters
    ----------
    held_back
        A share, or a mask (n,).
    n
        Examples.
    labels : (n,)
        If given, each label is held back in proportion, to within one example.
    rng
        A generator spawned from it draws them, so that the order is drawn as it would be without.

    Raises
    ------
    InvalidInput, ShapeError
        If the share is out of range or too small to be an example, or the mask is none or marks all.
    """
    if not is_real(held_back):
        return _mask(held_back, n)
    share = in_range("held_back", held_back, below=1)
    number, mask = round(share * n), np.zeros(n, dtype=bool)
    if share and not 0 < number < n:
        raise InvalidInput(f"held_back is {share}: that is {number} of {n} examples; hold back some and train on some")
    if number:
        shuffled = generator_of(rng).spawn(1)[0].permutation(n)
        if labels is not None:
            shuffled = shuffled[np.argsort(labels[shuffled], kind="stable")]
        mask[shuffled[((np.arange(number) + 0.5) * n / number).astype(int)]] = True
    return mask


def _mask(held_back: ArrayLike, n: int) -> NDArray[np.bool_]:
    """Return a mask that marks some examples and not all, or none."""
    mask = as_array("held_back", held_back)
    if mask.shape != (n,) or mask.dtype != bool:
        raise ShapeError(
            f"held_back is {mask.dtype} of shape {mask.shape}; a share, or True and False ({n},) are needed"
        )
    if mask.all():
        raise InvalidInput(f"held_back marks all {n} examples; some must be left to train on")
    return mask


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
