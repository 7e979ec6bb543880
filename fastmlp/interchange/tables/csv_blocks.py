"""Rows of a CSV file, a block at a time: cut into cells by Python's reader, or only where a cell is asked for.

A cell in quotes may hold delimiters and line breaks, so that only a reader knows where it ends. Where a file has no
quotes, the numbers of a line are read in one go by `numpy.loadtxt`, in a third of the time.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHUNK = 2**20  # bytes that are searched together


class Cells:
    """Some rows, cut into cells."""

    def __init__(self, rows: list[list[str]]) -> None:
        self.rows = [row for row in rows if row]  # an empty line is no row

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def characters(self) -> int:
        """How long the rows are in the file, but for quotes."""
        return sum(len(cell) + 1 for row in self.rows for cell in row)

    @property
    def lengths(self) -> list[int]:
        """Number of cells of each row."""
        return list(map(len, self.rows))

    def column(self, place: int) -> list[str]:
        """Return a cell of each row."""
        return list(map(itemgetter(place), self.rows))

    def floats(self, places: Sequence[int]) -> NDArray[np.float64]:
        """Return some cells of each row as numbers, (rows, places).

        Raises
        ------
        ValueError
            If one is something else.
        """
        flat = np.fromiter(map(float, chain.from_iterable(self.some(places))), np.float64, len(self) * len(places))
        return flat.reshape(len(self), len(places))

    def some(self, places: Sequence[int]) -> Iterator[tuple[str, ...]]:
        """Go through some cells of each row."""
        return zip(*map(self.column, places), strict=True)


class Lines(Cells):
    """Some lines without quotes, which are cut only as far as they must be."""

    def __init__(self, lines: list[str], delimiter: str) -> None:
        self.lines = [line for line in lines if line.strip("\r\n")]
        self.delimiter = delimiter

    def __len__(self) -> int:
        return len(self.lines)

    @cached_property
    def rows(self) -> list[list[str]]:  # type: ignore[override]  # as they are asked for
        """The rows, cut into cells."""
        return [line.rstrip("\r\n").split(self.delimiter) for line in self.lines]

    @property
    def characters(self) -> int:
        """How long the lines are."""
        return sum(map(len, self.lines))

    @property
    def lengths(self) -> list[int]:
        """Number of cells of each line."""
        return [line.count(self.delimiter) + 1 for line in self.lines]

    def column(self, place: int) -> list[str]:
        """Return a cell of each line, cut from the end that is nearer."""
        after = self.lines[0].count(self.delimiter) + 1 - place
        if place < after:
            return [line.split(self.delimiter, place + 1)[place].rstrip("\r\n") for line in self.lines]
        return [line.rsplit(self.delimiter, after)[-after].rstrip("\r\n") for line in self.lines]

    def floats(self, places: Sequence[int]) -> NDArray[np.float64]:
        """Return some cells of each line as numbers, (lines, places).

        Raises
        ------
        ValueError
            If one is something else.
        """
        return np.loadtxt(self.lines, delimiter=self.delimiter, usecols=places, comments=None, ndmin=2)


def blocks(file: TextIO, delimiter: str, size: int, *, quotes: bool) -> Iterator[Cells]:
    """Go through the rest of a file, so many rows at a time."""
    if quotes:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        while rows := list(islice(reader, size)):
            yield Cells(rows)
        return
    while lines := list(islice(file, size)):
        yield Lines(lines, delimiter)


def has_quotes(path: Path) -> bool:
    """Whether there is a quote in a file."""
    with path.open("rb") as file:
        return any(b'"' in chunk for chunk in iter(lambda: file.read(CHUNK), b""))
