"""JSON that other programs left beside a report: read if it is there and has its shape, and else left out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

__all__ = ["read_optional"]

T = TypeVar("T")


def read_optional(path: Path, arrange: Callable[[object], T | None]) -> T | None:
    """Return what a file holds, arranged for a chapter.

    Parameters
    ----------
    path
        Of the file.
    arrange
        Is given what was read and raises msgspec's errors, or ValueError, when it has another shape.

    Returns
    -------
    T or None
        None where there is no such file, or none that can be read and arranged: a report does not end for that.
    """
    try:
        return arrange(msgspec.json.decode(path.read_bytes()))
    except (OSError, ValueError, msgspec.MsgspecError):
        return None
