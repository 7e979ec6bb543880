"""What can go wrong, and what each refusal is called.

::

    FastmlpError
    ├── InvalidInput (also a ValueError)
    │   ├── ShapeError         two shapes or sizes that disagree
    │   ├── LabelError         labels that a network cannot be trained on
    │   ├── NotFiniteError     NaN or infinity where a number is needed
    │   ├── UnknownName        a name that is in no table; suggests the nearest one
    │   ├── FieldError         a field of a strategy or of a phase; holds its path
    │   ├── SettingsError      a study's settings; holds the path of the setting
    │   └── TrainingDiverged   an estimator's training diverged, so that there is nothing to predict with
    ├── StoreError
    │   ├── StoreLocked        another study writes here; names the holder
    │   └── StoreCorrupt       the file is not a store, or is damaged
    ├── CheckpointError        the file of a model cannot be read, or holds something else
    ├── ClusterLost            the machines that run a study's trials cannot be reached any more
    └── MissingLibrary (also an ImportError), names what brings it

Every message holds the values that disagree. A training that diverges is a result and not an error, see
`fastmlp.training.Fit.diverged`; only an estimator, which has to predict, refuses it.
"""

from __future__ import annotations

import re
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
        near = nearest(name, self.known)
        hint = f"; did you mean {near!r}?" if near else ""
        super().__init__(f"unknown {kind} {shown(name)}{hint} (known: {', '.join(self.known)})")


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
        super().__init__(one_line(f"{path}: {message}" if path else message))


class TrainingDiverged(InvalidInput):
    """The training of an estimator diverged, at the values that it was given."""


class StoreError(FastmlpError):
    """A study's store cannot be read or written."""


class StoreLocked(StoreError):
    """Another process holds the store."""


class StoreCorrupt(StoreError):
    """The file is not a store, or is damaged."""


class CheckpointError(FastmlpError):
    """The file of a model cannot be read, is damaged, or holds something else."""


class ClusterLost(FastmlpError):
    """The cluster that runs a study's trials cannot be used any more."""


class MissingLibrary(FastmlpError, ImportError):
    """A library is needed and cannot be imported."""

    def __init__(self, library: str, remedy: str) -> None:
        super().__init__(f"{library} cannot be imported; {remedy}")


def one_line(text: str) -> str:
    """Return a text in which what cannot be printed is escaped, such as a line break in the name of a file."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def shown(value: object, longest: int = 60) -> str:
    """Return a value as messages quote it: its repr on one line, shortened if it is longer than `longest` characters.

    Examples
    --------
    >>> shown("1"), shown([0] * 100)
    ("'1'", '[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0... (300 characters)')
    >>> shown(10**5000)
    'a whole number of 16610 bits'
    """
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write out whole numbers of more than 4300 digits
        bits = f" of {value.bit_length()} bits" if isinstance(value, int) else ""
        return f"{'a whole number' if bits else f'a {type(value).__name__}'}{bits}"
    text = re.sub(r"\s*\n\s*", " ", text)
    return text if len(text) <= longest else f"{text[: longest - 10]}... ({len(text)} characters)"


def nearest(name: object, known: Iterable[str]) -> str | None:
    """Return the known name that is most like a given one; None if none is."""
    return next(iter(get_close_matches(name, list(known), n=1)), None) if isinstance(name, str) else None


def no_such_setting(name: object, known: Iterable[str], elsewhere: Iterable[str] = ()) -> str:
    """Return the message for a setting that does not exist: where it may belong, or which exist.

    Examples
    --------
    >>> no_such_setting("heads", ["head", "body"])
    "there is no such setting; did you mean 'head'?"
    >>> no_such_setting("x", ["head", "body"])
    'there is no such setting; known: head, body'
    >>> no_such_setting("lr", ["training"], ["training.lr", "pretraining.lr"])
    "there is no such setting; did you mean 'training.lr' or 'pretraining.lr'?"
    """
    known = list(known)
    near = list(elsewhere) or [name for name in [nearest(name, known)] if name]
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"known: {', '.join(known)}"
    return f"there is no such setting; {hint}"
