"""What can go wrong, and what each refusal is called.

::

    FastmlpError
    ├── InvalidInput (also a ValueError)
    │   ├── ShapeError         two shapes or sizes that disagree
    │   ├── LabelError         labels that a network cannot be trained on
    │   ├── NotFiniteError     NaN or infinity where a number is needed
    │   ├── UnknownName        a name that is in no table; suggests the nearest one
    │   ├── FieldError         a field of a strategy or of a phase; holds its path
    │   └── SettingsError      a study's settings; holds the path of the setting
    ├── StoreError
    │   ├── StoreLocked        another study writes here; names the holder
    │   └── StoreCorrupt       the file is not a store, or is damaged
    └── MissingLibrary (also an ImportError), names what brings it

Every message holds the values that disagree. A training that diverges is a result and not an error: see
`fastmlp.training.Fit.diverged`.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class FastmlpError(Exception):
    """Anything that fastmlp refuses."""


class InvalidInput(FastmlpError, ValueError):
    """An argument that cannot be worked with."""


class ShapeError(InvalidInput):
    """Two shapes or sizes disagree."""


class LabelError(InvalidInput):
    """Labels are of the wrong kind, out of range, or too few."""


class NotFiniteError(InvalidInput):
    """NaN or infinity where a number is needed."""


class UnknownName(InvalidInput):
    """A name that is in no table."""

    def __init__(self, kind: str, name: object, known: Iterable[str]) -> None:
        self.known = list(known)
        near = get_close_matches(str(name), self.known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        super().__init__(f"unknown {kind} {name!r}{hint} (known: {', '.join(self.known)})")


class FieldError(InvalidInput):
    """A field of a strategy or of one of its phases is refused.

    Parameters
    ----------
    owner
        Whose field it is: ``Strategy`` or ``Phase``.
    path
        Where it stands in it, such as ``phases[0].share``.
    message
        What is wrong with it, with the offending value.
    """

    def __init__(self, owner: str, path: str, message: str) -> None:
        self.path, self.message = path, message
        super().__init__(f"{owner}.{path}: {message}")


class SettingsError(InvalidInput):
    """A setting of a study is refused.

    Parameters
    ----------
    path
        Where the setting stands, such as ``training.lr``.
    message
        What is wrong with it, with the offending value.
    """

    def __init__(self, path: str, message: str) -> None:
        self.path = path
        super().__init__(f"{path}: {message}" if path else message)


class StoreError(FastmlpError):
    """A study's store cannot be read or written."""


class StoreLocked(StoreError):
    """Another process holds the store."""


class StoreCorrupt(StoreError):
    """The file is not a store, or is damaged."""


class MissingLibrary(FastmlpError, ImportError):
    """A library is needed and cannot be imported."""

    def __init__(self, library: str, remedy: str) -> None:
        super().__init__(f"{library} cannot be imported; {remedy}")
