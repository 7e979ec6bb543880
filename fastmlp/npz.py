"""Arrays of an ``.npz`` file, read so that nothing in it is run or believed: a header may claim what is not there."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from .errors import InvalidInput, ShapeError

if TYPE_CHECKING:
    from zipfile import ZipFile

    from numpy.typing import NDArray

LARGEST = 2**32  # bytes of an array of float64 in memory
HEADERS: dict[tuple[int, int], Callable[[IO[bytes]], tuple[Any, ...]]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_array(archive: ZipFile, name: str) -> NDArray[Any]:
    """Read an array, after checking its header: it may claim a size that does not fit into memory.

    Raises
    ------
    InvalidInput
        If there is no such array, or it holds Python objects.
    ShapeError
        If it claims more than is there, or than fits into memory.
    """
    there = sorted(member.removesuffix(".npy") for member in archive.namelist())
    if name not in there:
        raise InvalidInput(f"has no array {name!r}; it holds {', '.join(map(repr, there)) or 'nothing'}")
    member = archive.getinfo(f"{name}.npy")
    with archive.open(member) as file:
        shape, _, dtype = HEADERS[np.lib.format.read_magic(file)](file)
    if dtype.hasobject:
        remedy = f"save np.asarray({name}, dtype='float64') instead"
        raise InvalidInput(f"{name} holds Python objects, and reading those may run anything; {remedy}")
    if prod(shape) * dtype.itemsize > member.file_size or prod(shape) * 8 > LARGEST:
        size = f"{member.file_size} bytes of it are there, and at most {LARGEST} can be used"
        raise ShapeError(f"{name} says that its shape is {shape}, of {dtype}; {size}")
    with archive.open(member) as file:
        array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    return array
