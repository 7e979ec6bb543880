"""What a model is apart from code: fields that JSON holds, and arrays. A file is written from it and read into it.

A class that can be saved has `to_state` and the class method `from_state`, and a row in `fastmlp.models`. A state may
come from a file of anybody's, so whoever reads one says what must be there, and nothing else gets in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite, prod
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

import numpy as np

from .errors import CheckpointError, InvalidInput, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

T = TypeVar("T")
# Types that the values of a dtype have in JSON
LABEL_TYPES: dict[str, set[type]] = {
    **{f"{sign}int{bits}": {int} for sign in ("", "u") for bits in (8, 16, 32, 64)},
    **{f"float{bits}": {float} for bits in (16, 32, 64)},
    "bool": {bool},
    "str": {str},
    "object": {int, float, bool, str},
}


class StoredArray(Protocol):
    """An array that is still in a file."""

    @property
    def shape(self) -> tuple[int, ...]:
        """As in NumPy."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """As in NumPy."""

    def read_into(self, out: Array) -> None:
        """Copy it to contiguous memory of its size and dtype."""


@dataclass(frozen=True, eq=False)
class State:
    """Fields and arrays of a model.

    Parameters
    ----------
    fields
        Numbers, text, true and false, None, and lists and dicts of them.
    arrays
        float32, float64, int64, int32, uint8 or bool. Those of a part have its name before theirs:
        ``network.weights.0``.
    """

    fields: dict[str, Any]
    arrays: Mapping[str, Array | StoredArray]

    def with_part(self, name: str, part: State) -> State:
        """Return a state that holds another one under a name."""
        arrays = {f"{name}.{key}": array for key, array in part.arrays.items()}
        return replace(self, fields={**self.fields, name: part.fields}, arrays={**self.arrays, **arrays})

    def has_part(self, name: str) -> bool:
        """Whether there is something under a name."""
        return self.fields.get(name) is not None

    def part(self, name: str) -> State:
        """Return the state that is held under a name.

        Raises
        ------
        CheckpointError
            If there is none.
        """
        start = f"{name}."
        arrays = {key.removeprefix(start): array for key, array in self.arrays.items() if key.startswith(start)}
        return State(self.field(name, dict[str, Any]), arrays)

    @overload
    def field(self, name: str, kind: type[T]) -> T: ...

    @overload
    def field(self, name: str, kind: Any) -> Any: ...

    def field(self, name: str, kind: Any) -> Any:
        """Return a field of a type, which may be as exact as ``tuple[int, ...]`` or ``Literal["a", "b"]``.

        Raises
        ------
        CheckpointError
            If there is no such field, or it is of another type.
        """
        import msgspec

        if name not in self.fields:
            raise CheckpointError(f"there is no field {name!r}; there are {shown(sorted(self.fields))}")
        try:
            return msgspec.convert(self.fields[name], kind)
        except msgspec.ValidationError as error:
            raise CheckpointError(f"the field {name!r} is {shown(self.fields[name])}: {error}") from None

    def array(
        self, name: str, shape: Sequence[int | None], dtype: str | np.dtype[Any], *, finite: bool = True
    ) -> Array:
        """Return an array of a shape, in which None stands for any length.

        Parameters
        ----------
        finite
            Whether infinity is refused. NaN always is.

        Raises
        ------
        CheckpointError
            If there is no such array, or it is another one.
        """
        found = self._expect(name, shape, np.dtype(dtype))
        return self.joined({name: found.shape}, dtype, finite=finite).reshape(found.shape)

    def joined(
        self, shapes: Mapping[str, tuple[int, ...]], dtype: str | np.dtype[Any], *, finite: bool = True
    ) -> Array:
        """Return several arrays, row by row and one after the other, in one vector.

        Nothing is allocated before all of them are known to be there, and nothing is held twice.

        Raises
        ------
        CheckpointError
            As `array`.
        """
        numbers = np.dtype(dtype)
        sources = {name: self._expect(name, shape, numbers) for name, shape in shapes.items()}
        flat, start = np.empty(sum(map(prod, shapes.values())), numbers), 0
        for name, source in sources.items():
            piece = flat[start : start + prod(source.shape)]
            if isinstance(source, np.ndarray):
                piece[:] = source.ravel()
            else:
                source.read_into(piece)
            _check_numbers(name, piece, finite=finite)
            start += len(piece)
        return flat

    def _expect(self, name: str, shape: Sequence[int | None], dtype: np.dtype[Any]) -> Array | StoredArray:
        """Return an array that has a shape and a dtype."""
        if name not in self.arrays:
            raise CheckpointError(f"there is no array {name!r}; there are {shown(sorted(self.arrays))}")
        found = self.arrays[name]
        fits = len(found.shape) == len(shape) and all(
            wanted in {None, have} for wanted, have in zip(shape, found.shape, strict=True)
        )
        if not fits or found.dtype != dtype:
            wanted = str(tuple(shape)).replace("None", "any")
            raise CheckpointError(
                f"the array {name!r} is {found.dtype} of shape {found.shape}; {dtype} of {wanted} is needed"
            )
        return found


def _check_numbers(name: str, values: Array, *, finite: bool) -> None:
    """Refuse NaN, and infinity too if numbers are to be finite."""
    if values.dtype.kind == "f" and not (np.isfinite(values) if finite else ~np.isnan(values)).all():
        bad = ~np.isfinite(values) if finite else np.isnan(values)
        raise CheckpointError(f"the array {name!r} holds {values[bad.argmax()]}; its numbers must be finite")


def labels_to_json(labels: Array) -> dict[str, Any]:
    """Return class labels (k,), of any kind that scikit-learn takes, as JSON holds them.

    Raises
    ------
    InvalidInput
        If they are neither numbers nor text, or of several kinds.

    Examples
    --------
    >>> labels_to_json(np.array(["cat", "dog"], dtype=object))
    {'dtype': 'object', 'values': ['cat', 'dog']}
    """
    name = "str" if labels.dtype.kind == "U" else labels.dtype.name
    values = [value.item() if isinstance(value, np.generic) else value for value in labels.tolist()]
    if not _are_labels(name, values):
        raise InvalidInput(f"classes are {labels.dtype}, {shown(values)}; numbers or text of one kind are needed")
    return {"dtype": name, "values": values}


def labels_from_json(document: object) -> Array:
    """Return what `labels_to_json` was given.

    Raises
    ------
    CheckpointError
        If it is something else.
    """
    match document:
        case {"dtype": str(name), "values": list(values)} if _are_labels(name, values):
            pass
        case _:
            raise CheckpointError(f"the classes are {shown(document)}; a dtype and values of it are needed")
    try:
        return np.array(values, name)
    except OverflowError:
        raise CheckpointError(f"the classes are {shown(values)}; they do not fit into {name}") from None


def _are_labels(name: str, values: list[Any]) -> bool:
    """Whether values are of one type, that of a dtype, and finite."""
    kinds = {type(value) for value in values}
    known = LABEL_TYPES.get(name)
    return (
        known is not None
        and len(kinds) == 1
        and kinds <= known
        and all(isfinite(value) for value in values if isinstance(value, float))
    )
