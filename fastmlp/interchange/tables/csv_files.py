"""Tables in CSV: no library is needed, and no cell is held longer than its block."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from ...errors import InvalidInput, ShapeError, shown
from ...files import refusing
from .cells import Labels, no_number, number, numbers
from .csv_blocks import Cells, blocks, has_quotes
from .table import Chosen, Table, Wanted, choose

if TYPE_CHECKING:
    from numpy.typing import NDArray

CELLS = 2**18  # that are text at a time
SPARE = 1.02  # rows that room is made for, by the size of the file; more are moved to only if lines become shorter
DELIMITERS = ",;\t|"


class Rows:
    """Numbers (n, width) that arrive block by block, in memory that grows where it is."""

    def __init__(self, width: int, guess: int) -> None:
        self.memory, self.n = np.empty((guess, width)), 0

    def add(self, block: NDArray[np.float64]) -> None:
        """Add a block, (rows, width)."""
        end = self.n + len(block)
        if end > len(self.memory):
            self.memory.resize((max(end, len(self.memory) * 5 // 4), self.memory.shape[1]), refcheck=False)
        self.memory[self.n : end] = block
        self.n = end

    def array(self) -> NDArray[np.float64]:
        """Return all, and give the rest of the memory back."""
        self.memory.resize((self.n, self.memory.shape[1]), refcheck=False)
        return self.memory


def read_csv(path: Path, wanted: Wanted) -> Table:
    """Read a table with a header; fields are separated by what separates most in its first line.

    Raises
    ------
    InvalidInput, ShapeError
        With the line and the column, if it is no such table, or a cell is neither a number nor missing.
    """
    with _opened(path) as file:
        names = _header(_reader(file, path), path)
        chosen = choose(names, wanted, str(path))
        X, labels, groups = _read(file, _delimiter_of(path), names, chosen, path)
    return Table(
        str(path),
        X,
        None if chosen.label is None else labels.array(),
        tuple(names[place] for place in chosen.features),
        None if chosen.group is None else groups.array(),
        place=partial(_line, path),
    )


def _read(
    file: TextIO, delimiter: str, names: Sequence[str], chosen: Chosen, path: Path
) -> tuple[NDArray[np.float64], Labels, Labels]:
    """Read all rows after the header: numbers, labels, groups."""
    size, width = max(1, CELLS // len(names)), len(names)
    labels, groups, rows, n = Labels(), Labels(), None, 0
    for block in blocks(file, delimiter, size, quotes=has_quotes(path)):
        if odd := [(k, length) for k, length in enumerate(block.lengths) if length != width]:
            k, length = odd[0]
            cells = f"{length} cell{'' if length == 1 else 's'}"
            raise ShapeError(f"{path}: {_line(path, n + k)} has {cells}; the header has {width}")
        if not len(block):
            continue
        if rows is None:
            guess = int(SPARE * len(block) * os.fstat(file.fileno()).st_size / max(1, block.characters))
            rows = Rows(len(chosen.features), max(guess, len(block)))
        rows.add(_numbers(block, names, chosen, partial(_line_after, path, n)))
        for column, place in ((labels, chosen.label), (groups, chosen.group)):
            if place is not None:
                column.add(block.column(place))
        n += len(block)
    if rows is None:
        raise ShapeError(f"{path}: has a header and no rows")
    return rows.array(), labels, groups


def _numbers(block: Cells, names: Sequence[str], chosen: Chosen, line: Callable[[int], str]) -> NDArray[np.float64]:
    """Return the features of a block of rows, (rows, features); NaN is missing."""
    try:  # the usual case, in C
        return block.floats(chosen.features)
    except ValueError:
        width = len(chosen.features)

        def refuse(place: int, what: str) -> InvalidInput:
            row, k = divmod(place, width)
            return no_number(line(row), names[chosen.features[k]], what)

        return numbers(list(chain.from_iterable(block.some(chosen.features))), refuse).reshape(-1, width)


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """Open a file of text, and turn what its reader refuses into one line that begins with the path."""
    try:
        with refusing(path, "cannot be read"), path.open(encoding="utf-8-sig", newline="") as file:
            try:
                yield file
            except UnicodeDecodeError as error:
                raise InvalidInput(_not_utf8(path)) from error
            except csv.Error as error:
                raise InvalidInput(f"cannot be read as CSV: {error}") from error
    except InvalidInput as error:
        says = str(error)
        raise type(error)(says if says.startswith(f"{path}: ") else f"{path}: {says}") from error


def _not_utf8(path: Path) -> str:
    """Say in which line a file is not UTF-8."""
    with path.open("rb") as file:
        for place, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return f"line {place} is not UTF-8: byte 0x{line[error.start]:02x}; save the table as CSV in UTF-8"
    return "is not UTF-8"


def _delimiter_of(path: Path) -> str:
    """Return what the first line has most of."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return "\t" if path.suffix == ".tsv" else max(DELIMITERS, key=file.readline().count)


def _reader(file: TextIO, path: Path) -> Any:
    """Return a reader of rows."""
    return csv.reader(file, delimiter=_delimiter_of(path), strict=True)


def _header(reader: Iterator[list[str]], path: Path) -> list[str]:
    """Return the names of the columns."""
    names = [name.strip() for name in next(reader, [])]
    if not any(names):
        raise InvalidInput(f"{path}: is empty; a line with the names of the columns is needed")
    if all(number(name) is not None for name in names):
        raise InvalidInput(
            f"{path}: line 1 holds {shown(', '.join(names[:3]))}; the names of the columns are needed there"
        )
    return names


def _line(path: Path, row: int) -> str:
    """Return the line in which a row of a file begins or ends, as editors count them: looked up only for a refusal."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = _reader(file, path)
        next(reader)
        next(islice((cells for cells in reader if cells), row, None))
        return f"line {reader.line_num}"


def _line_after(path: Path, before: int, row: int) -> str:
    """Return the line of a row of a block, before which there are so many rows."""
    return _line(path, before + row)
