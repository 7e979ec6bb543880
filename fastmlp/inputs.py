"""Inputs and labels as users give them: converted to arrays, or refused with the place of what is wrong.

Arrays, frames, tables and tensors have many ways of saying that a value is missing or is not a number: NaN, None, NA,
NaT, masks, nullable dtypes, empty strings, infinity, objects. All of them are refused, and none is dropped in silence.
Where a conversion would help, the refusal says which.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import InvalidInput, LabelError, NotFiniteError, ShapeError, shown

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from .layout import Floats, Ints

REAL = "fiub"  # kinds of dtypes that are real numbers, or true and false
AS_INTEGERS = "np.asarray(y, dtype='int64') converts them"
NUMBERED = "np.unique(y, return_inverse=True)[1] numbers what is there"

# Numbers that stand for missing values in many files: runs of nines, ends of integers and floats, fill values of NetCDF
NINES = tuple(10.0**digits - 1 for digits in range(2, 8))
FILL_VALUES = (
    2.0**15,
    2.0**15 - 1,
    2.0**31,
    2.0**31 - 1,
    1e20,
    1e30,
    1e36,
    9.969209968386869e36,
    3.4028234663852886e38,
)
SENTINELS = np.array([sign * value for value in (*NINES, *FILL_VALUES) for sign in (1, -1)])
SENTINELS = np.unique(np.concatenate([SENTINELS, SENTINELS.astype(np.float32)]))


def check_inputs(X: ArrayLike, n_features: int, dtype: DTypeLike) -> Floats:
    """Return inputs as a contiguous array (n, n_features) of a dtype.

    Raises
    ------
    ShapeError, InvalidInput, NotFiniteError
        If the shape is another, there are no examples, or a value is not a finite real number in that dtype.
    """
    x = real_array(X)
    if x.ndim != 2 or x.shape[1] != n_features:
        raise ShapeError(f"X has shape {x.shape}; the network expects (n, {n_features})")
    if len(x) == 0:
        raise ShapeError(f"X holds 0 examples, shape {x.shape}; at least 1 is needed")
    cast = np.ascontiguousarray(x) if x.dtype == dtype else _cast(x, dtype)
    if not np.isfinite(cast).all():
        row, column = np.argwhere(~np.isfinite(cast))[0]
        raise NotFiniteError(f"X[{row}, {column}] is {x[row, column]}; inputs must be finite in {np.dtype(dtype)}")
    if cast.dtype != x.dtype:
        _check_not_vanished(x, cast)
    return cast


@np.errstate(over="ignore", under="ignore")
def _cast(x: Floats, dtype: DTypeLike) -> Floats:
    """Cast inputs; what is beyond the range of the dtype becomes infinite."""
    return np.ascontiguousarray(x, dtype=dtype)


def _check_not_vanished(x: Floats, cast: Floats) -> None:
    """Refuse inputs that are all so near to zero that the dtype cannot tell them apart."""
    least = np.finfo(cast.dtype).tiny
    if cast.max() < least and -cast.min() < least and x.any():
        row, column = np.unravel_index(np.abs(x).argmax(), x.shape)
        raise NotFiniteError(
            f"X[{row}, {column}] is {x[row, column]}, and no input is farther from 0; {cast.dtype} has too few digits "
            f"below {least:.2g}: multiply X by a constant"
        )


def check_labels(y: ArrayLike, n: int, n_classes: int) -> Ints:
    """Return labels as int64 (n,).

    Raises
    ------
    ShapeError, LabelError
        If there is not one for each example, or one is not a whole number from 0 to n_classes - 1.
    """
    labels = integer_labels(y, n)
    if labels.min() < 0 or labels.max() >= n_classes:
        raise LabelError(f"y goes from {labels.min()} to {labels.max()}; the network has classes 0 to {n_classes - 1}")
    return labels.astype(np.int64, copy=False)


def check_trainable(labels: Ints, n_classes: int) -> Ints:
    """Return labels that a network can learn from.

    Raises
    ------
    LabelError
        If there are fewer examples than classes, or one class only.
    """
    if len(labels) < n_classes:
        raise LabelError(f"{len(labels)} examples for {n_classes} classes; at least one for each is needed")
    if labels.min() == labels.max():
        raise LabelError(f"all {len(labels)} labels are {labels[0]}; two or more of the {n_classes} classes are needed")
    return labels


def real_array(X: ArrayLike, name: str = "X") -> NDArray[Any]:
    """Return inputs as an array of real numbers, of any shape; they may still be NaN or infinite.

    `name` is what a refusal calls them.

    Raises
    ------
    InvalidInput, NotFiniteError
        If they are something else.
    """
    x = as_array(name, X)
    if x.dtype.kind in REAL:
        return x
    holds = f"{name} holds {x.dtype} values; real numbers are needed"
    if x.dtype.kind == "c":
        raise InvalidInput(f"{holds}; {name}.real drops the imaginary parts")
    if x.dtype.kind == "V":
        raise InvalidInput(f"{holds}; numpy.lib.recfunctions.structured_to_unstructured({name}) converts them")
    for place, value in np.ndenumerate(x):
        if not _is_real(value):
            kind = NotFiniteError if _is_missing(value) else InvalidInput
            raise kind(f"{holds}, and {_at(name, place)} is {_quoted(value)}")
    raise InvalidInput(f"{holds}; np.asarray({name}, dtype='float64') converts them")


def integer_labels(y: ArrayLike, n: int) -> NDArray[Any]:
    """Return labels (n,) as an array of integers, of any dtype.

    Raises
    ------
    ShapeError, LabelError
        If there is not one for each example, or they are something else.
    """
    labels = as_array("y", y)
    if labels.shape != (n,):
        remedy = ""
        if labels.shape == (n, 1):
            remedy = "; np.ravel(y) makes it so"
        elif labels.ndim == 2 and len(labels) == n:
            remedy = "; if its columns are classes, np.argmax(y, axis=1) makes labels of them"
        raise ShapeError(f"y has shape {labels.shape}; X has {n} examples, so ({n},) is needed{remedy}")
    if labels.dtype.kind in "iub":
        return labels
    values = labels.tolist()
    for place, value in enumerate(values):
        if _is_missing(value):
            raise LabelError(f"y[{place}] is {_quoted(value)}; every example needs a label")
    whole = all(_is_real(value) and not isinstance(value, str) and float(value).is_integer() for value in values)
    example = _quoted(values[0])
    raise LabelError(
        f"y holds {labels.dtype} values, such as {example}; integer labels from 0 are needed; "
        f"{AS_INTEGERS if whole else NUMBERED}"
    )


def as_array(name: str, value: ArrayLike) -> NDArray[Any]:
    """Return a value as an array of NumPy's; `name` is what a refusal calls it.

    Raises
    ------
    InvalidInput
        If it is sparse, has masked values, or is a tensor that NumPy cannot read.
    ShapeError
        If it is one value, or has rows of different lengths.
    """
    if type(value) is not np.ndarray:
        value = _dense(name, value)
    try:
        array = np.asarray(value)
    except (TypeError, RuntimeError) as error:
        remedy = _tensor_remedy(name, value)
        raise InvalidInput(f"{name} is a {type(value).__name__} that NumPy cannot read; {remedy or error}") from error
    except ValueError as error:  # rows of different lengths
        raise ShapeError(f"{name} is no array: {error}") from error
    if array.ndim == 0:
        raise ShapeError(f"{name} is {shown(value)}; an array is needed")
    return array


def _dense(name: str, value: Any) -> Any:
    """Refuse what `numpy.asarray` would misread: sparse matrices as one object, masked values as numbers."""
    if hasattr(value, "nnz") and hasattr(value, "toarray"):  # of SciPy's or CuPy's, and neither is imported for this
        raise InvalidInput(f"{name} is a sparse {type(value).__name__}; a dense array is needed: {name}.toarray()")
    if isinstance(value, list | tuple) and any(isinstance(row, np.ma.MaskedArray) for row in value):
        value = np.ma.array(value)
    if not isinstance(value, np.ma.MaskedArray):
        return value
    if (mask := np.ma.getmaskarray(value)).any():
        place = tuple(np.argwhere(mask)[0])
        raise NotFiniteError(
            f"{_at(name, place)} is masked, so it is missing; {name}.filled(number) puts a number there"
        )
    return value.data


def _tensor_remedy(name: str, value: Any) -> str:
    """Return how a tensor of PyTorch's becomes one that NumPy can read; nothing for anything else."""
    steps = {
        ".detach()": getattr(value, "requires_grad", False) is True,
        ".to_dense()": str(getattr(value, "layout", "torch.strided")) != "torch.strided",
        ".cpu()": getattr(getattr(value, "device", None), "type", "cpu") != "cpu",
        ".float()": str(getattr(value, "dtype", "")) == "torch.bfloat16",
    }
    taken = "".join(step for step, needed in steps.items() if needed)
    return f"{name}{taken} is one that it can" if taken else ""


def _is_real(value: Any) -> bool:
    """Whether an object or a text stands for a finite real number."""
    try:
        return isfinite(float(value))
    except (TypeError, ValueError, OverflowError):
        return False


def _is_missing(value: Any) -> bool:
    """Whether a value says that it is missing: None, NaN, infinity, NA, NaT or an empty text."""
    if value is None or value is np.ma.masked:
        return True
    if isinstance(value, str | bytes):
        return not value.strip() or value.strip().lower() in {"nan", "na", "n/a", "null", "none"}
    try:
        return not isfinite(float(value))
    except (TypeError, ValueError, OverflowError):  # pandas.NA has no truth value, and NaT has no float
        return type(value).__name__ in {"NAType", "NaTType"} or (
            isinstance(value, np.datetime64 | np.timedelta64) and bool(np.isnat(value))
        )


def _quoted(value: Any) -> str:
    """Return a value as a refusal shows it: NumPy's scalars as Python's."""
    if isinstance(value, np.datetime64 | np.timedelta64):
        return str(value)
    return shown(value.item() if isinstance(value, np.generic) else value)


def _at(name: str, place: Sequence[int]) -> str:
    return f"{name}[{', '.join(map(str, place))}]"


def warn_of_sentinels(x: NDArray[Any]) -> None:
    """Warn of features that are dominated by a number such as -9999, which may stand for missing values.

    Parameters
    ----------
    x : (n, features)
        Finite numbers.
    """
    found = find_sentinels(x)
    if found:
        places = [f"feature {column} is {value:g} in {n} of {len(x)} examples" for column, value, n in found[:3]]
        more = f", and so on in {len(found) - 3} more features" if len(found) > 3 else ""
        warnings.warn(
            f"{', '.join(places)}{more}, far from all its other values: if that stands for a missing value, "
            "fill it or leave it out, because here it is a number",
            stacklevel=3,
        )


def find_sentinels(x: NDArray[Any]) -> list[tuple[int, float, int]]:
    """Return the features that a sentinel dominates: (feature, value, how many examples have it).

    A sentinel is one of the usual ones. It dominates if it is farther from all other values of the feature than these
    are from each other and from zero.

    Examples
    --------
    >>> find_sentinels(np.array([[0.1, 99.0], [0.2, 98.0], [-9999.0, 97.0], [0.3, 95.0]]))
    [(0, -9999.0, 1)]
    """
    if not x.size or (x.max() < NINES[0] and x.min() > -NINES[0]):
        return []
    ends = np.stack([x.min(axis=0), x.max(axis=0)])  # (2, features)
    columns = np.flatnonzero(np.isin(ends, SENTINELS).any(axis=0))
    return [found for column in columns.tolist() for found in _dominating(x[:, column].astype(np.float64), column)]


def _dominating(values: NDArray[np.float64], column: int) -> Iterator[tuple[int, float, int]]:
    suspects = [end for end in sorted({values.min(), values.max()}) if end in SENTINELS]
    rest = values[~np.isin(values, suspects)]
    for end in suspects if len(rest) else ():
        if np.abs(rest - end).min() > max(np.ptp(rest), np.abs(rest).max()):
            yield column, float(end), int((values == end).sum())
