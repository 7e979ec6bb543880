"""Rows of a study as a frame of the library that one works with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import MissingLibrary, UnknownName

LIBRARIES = ("pandas", "polars", "pyarrow")


def frame_of(columns: Mapping[str, Sequence[Any]], library: str) -> Any:
    """Return columns as a frame: a ``DataFrame`` of pandas or polars, or a ``Table`` of pyarrow.

    Raises
    ------
    UnknownName
        If it is none of these libraries.
    MissingLibrary
        If it is not installed.
    """
    if library not in LIBRARIES:
        raise UnknownName("library", library, LIBRARIES)
    try:
        return _made(dict(columns), library)
    except ImportError as error:
        others = " or ".join(repr(name) for name in LIBRARIES if name != library)
        raise MissingLibrary(library, f"pip install {library}, or ask for library={others}") from error


def _made(columns: dict[str, Any], library: str) -> Any:
    match library:
        case "pandas":
            import pandas as pd

            return pd.DataFrame(columns)
        case "polars":
            import polars as pl

            return pl.DataFrame(columns)
    import pyarrow as pa

    return pa.table(columns)
