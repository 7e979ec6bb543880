"""IDX, the format in which MNIST and its successors are published: a header of big-endian numbers, then the values.

Two zero bytes, the type of the values, the number of axes, the length of each axis in four bytes; files are often
packed with gzip. Nothing is allocated before a file has shown that it holds what its header claims.
"""

from __future__ import annotations

import gzip
import zlib
from io import BytesIO
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidInput, ShapeError
from ..npz import LARGEST

if TYPE_CHECKING:
    from numpy.typing import NDArray

TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP = b"\x1f\x8b"


def read_idx(name: str, content: bytes) -> NDArray[np.float64]:
    """Return the values of an IDX file, packed with gzip or not.

    Parameters
    ----------
    name
        Of the file, for refusals.
    content
        Its bytes.

    Raises
    ------
    InvalidInput, ShapeError
        If it is no such file, or holds less or more than its header says.
    """
    content = unpacked(name, content)
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in TYPES:
        raise InvalidInput(f"{name}: begins with {content[:4].hex(' ') or 'nothing'}, which no IDX file does")
    dtype, start = np.dtype(TYPES[content[2]]), 4 + 4 * content[3]
    if len(content) < start:
        raise ShapeError(f"{name}: has {content[3]} axes, and ends in the middle of its header of {start} bytes")
    shape = tuple(int.from_bytes(content[k : k + 4], "big") for k in range(4, start, 4))
    claimed, there = prod(shape) * dtype.itemsize, len(content) - start
    if claimed != there:
        raise ShapeError(f"{name}: says that its shape is {shape}, which takes {claimed} bytes; {there} are there")
    values: NDArray[np.float64] = np.frombuffer(content, dtype, offset=start).reshape(shape)
    return values


def unpacked(name: str, content: bytes) -> bytes:
    """Return what a file holds, after gzip if it is packed with that.

    Raises
    ------
    InvalidInput
        If it is damaged, or unpacks to more than fits into memory.
    """
    if not content.startswith(GZIP):
        return content
    try:
        with gzip.GzipFile(fileobj=BytesIO(content)) as file:
            whole = file.read(LARGEST // 8 + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidInput(f"{name}: cannot be unpacked: {error}") from error
    if len(whole) > LARGEST // 8:
        raise InvalidInput(f"{name}: unpacks to more than {LARGEST // 8} bytes")
    return whole
