"""What a loss is to fit, and how much each example counts: converted to arrays, or refused with the value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import InvalidInput, LabelError, NotFiniteError, ShapeError
from .inputs import check_labels, real_array
from .registry import LOSS_ROWS

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from .layout import Floats


def check_targets(y: ArrayLike, n: int, outputs: int, loss: int, dtype: DTypeLike) -> NDArray[Any]:
    """Return what a loss is to fit, as kernels take it.

    Parameters
    ----------
    y : (n,) or (n, outputs)
        As the user gives it; one output may go without an axis of its own.
    n, outputs
        Examples, and outputs of the network.
    loss
        Place in `registry.LOSSES`.
    dtype
        Of the network.

    Returns
    -------
    int64 labels (n,), or targets (n, outputs) of the network's dtype, as the row of the loss says.

    Raises
    ------
    ShapeError, LabelError, InvalidInput, NotFiniteError
        If the loss cannot fit it.
    """
    row = LOSS_ROWS[loss]
    if row.labels:
        return check_labels(y, n, max(2, outputs))
    given = real_array(y, "y")
    if given.shape != (n, outputs) and not (outputs == 1 and given.shape == (n,)):
        raise ShapeError(
            f"y has shape {given.shape}; X has {n} examples and the network {outputs} outputs, so {row.name!r} needs "
            f"({n}, {outputs})"
        )
    targets = finite("y", given, dtype).reshape(n, outputs)
    wrong = (targets < row.least) | (targets > row.most)
    if wrong.any():
        i, k = np.argwhere(wrong)[0]
        most = f" and at most {row.most:g}" if np.isfinite(row.most) else ""
        raise LabelError(f"y[{i}, {k}] is {targets[i, k]}; {row.name!r} takes targets of at least {row.least:g}{most}")
    return targets


def check_sample_weight(sample_weight: ArrayLike | None, n: int, dtype: DTypeLike) -> Floats | None:
    """Return what each example counts, (n,) in the network's dtype; None if all count the same.

    Raises
    ------
    ShapeError, InvalidInput, NotFiniteError
        If there is not one for each example, one is negative or not finite, or all are zero.
    """
    if sample_weight is None:
        return None
    given = real_array(sample_weight, "sample_weight")
    if given.shape != (n,):
        raise ShapeError(f"sample_weight has shape {given.shape}; X has {n} examples, so ({n},) is needed")
    weights = finite("sample_weight", given, dtype)
    if weights.min() < 0:
        i = int(weights.argmin())
        raise InvalidInput(f"sample_weight[{i}] is {weights[i]}; a weight must be at least 0")
    check_some_count(weights)
    return weights


@np.errstate(over="ignore")
def check_some_count(weights: Floats, which: str = "") -> None:
    """Refuse weights that are all zero, or that add up to infinity; `which` says of which examples they are."""
    total = weights.sum()
    if not total > 0:
        raise InvalidInput(f"all {len(weights)} of sample_weight{which} are zero; at least one must be above 0")
    if not np.isfinite(total):
        raise InvalidInput(f"sample_weight adds up to {total} in {weights.dtype}; divide it by a constant")


@np.errstate(over="ignore", under="ignore")
def finite(name: str, given: NDArray[Any], dtype: DTypeLike) -> Floats:
    """Return real numbers in a dtype.

    Raises
    ------
    NotFiniteError
        If one is not finite there.
    """
    cast: Floats = np.ascontiguousarray(given, dtype=dtype)
    if not np.isfinite(cast).all():
        place = tuple(np.argwhere(~np.isfinite(cast))[0].tolist())
        raise NotFiniteError(
            f"{name}[{', '.join(map(str, place))}] is {given[place]}; it must be finite in {np.dtype(dtype)}"
        )
    return cast
