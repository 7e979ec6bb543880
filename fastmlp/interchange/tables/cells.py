"""Cells as numbers and labels: what is a number, what is missing, what is neither."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import isnan, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import InvalidInput, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOTHING = {"", "na", "n/a", "nan", "null", "none", "?", "<na>", "nat"}  # as a number, in small letters
NO_LABEL = {"", "na", "n/a", "nan", "null", "<na>"}  # a class may well be called "none" or "?"


def number(cell: Any) -> float | None:
    """Return the number that a cell holds, NaN if it is missing, None if it is something else.

    Examples
    --------
    >>> [number(cell) for cell in ("1.5", " NA ", None, "Paris", True)]
    [1.5, nan, nan, None, 1.0]
    """
    if cell is None or (isinstance(cell, str) and cell.strip().lower() in NOTHING):
        return nan
    try:
        return float(cell)
    except (TypeError, ValueError, OverflowError):
        return nan if type(cell).__name__ in {"NAType", "NaTType"} else None


def numbers(cells: Sequence[Any], refuse: Callable[[int, str], InvalidInput]) -> NDArray[np.float64]:
    """Return cells as numbers, (n,).

    Parameters
    ----------
    refuse
        Makes the refusal of the cell at a place, of what is wrong with it.

    Raises
    ------
    InvalidInput
        At the first cell that is neither a number nor missing.
    """
    values = [number(cell) for cell in cells]
    if None in values:
        place = values.index(None)
        raise refuse(place, f"{shown(cells[place])} is no number")
    return np.array(values, np.float64)


def no_number(place: str, column: str, what: str) -> InvalidInput:
    """Return the refusal of a cell that is no number, at a place such as ``mine.csv: line 3``."""
    remedy = f"if the column is no feature, let it be ignored: --ignore {column}, or ignore = [{shown(column)}]"
    return InvalidInput(f"{place}, column {column!r}: {what}; {remedy}")


class Labels:
    """Labels of any kind, collected row by row; each text is kept once."""

    def __init__(self) -> None:
        self.places: list[int] = []
        self.known: dict[Any, int] = {}

    def add(self, cells: Iterable[Any]) -> None:
        """Add some; a missing one is None."""
        known = self.known
        self.places.extend([known.setdefault(label_of(cell), len(known)) for cell in cells])

    def array(self) -> NDArray[Any]:
        """Return them, (n,): whole numbers if all are, else as they are; an object array if any is missing."""
        kinds = [*self.known]
        present = [one for one in kinds if one is not None]
        if all(isinstance(one, str) and _is_whole(one) for one in present):
            kinds = [one and int(one) for one in kinds]
        plain = len({*map(type, kinds)}) == 1 and present == kinds
        kept = np.array(kinds) if plain else np.array(kinds, dtype=object)
        return kept[np.array(self.places, np.int64)]


def label_of(cell: Any) -> Any:
    """Return a label as Python has it, without space around it; None if it is missing."""
    if isinstance(cell, np.generic):
        cell = cell.item()
    if isinstance(cell, str):
        cell = cell.strip()
        return None if cell.lower() in NO_LABEL else cell
    missing = cell is None or (isinstance(cell, float) and isnan(cell)) or type(cell).__name__ in {"NAType", "NaTType"}
    return None if missing else cell


def _is_whole(text: str) -> bool:
    """Whether a text is a whole number as one writes it: ``007`` and ``1_0`` are names."""
    return text.removeprefix("-").isdecimal() and str(int(text)) == text
