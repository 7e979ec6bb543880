"""Prepared inputs: those of a whole data set, and which of its examples are meant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backends.torch import pick
from .stages import bytes_of

if TYPE_CHECKING:
    from ..layout import Ints


@dataclass(frozen=True, eq=False)
class Prepared:
    """Inputs as the first stage takes them.

    What frozen stages compute is kept for all examples of the data set, so folds, subsets and seeds share it: each
    takes its rows of what is there.

    Parameters
    ----------
    values
        Of all examples: a tensor (N, ...), or a tuple of them.
    digest
        Their hash.
    preparation
        What was done to them, as `Backbone.preparation` says it.
    rows : (n,)
        The examples that are meant; None if all are.
    """

    values: Any
    digest: str
    preparation: str = ""
    rows: Ints | None = None

    @classmethod
    def of(cls, values: Any, preparation: str = "") -> Prepared:
        """Return all examples of some prepared inputs."""
        return cls(values, digest_of(values), preparation)

    def __len__(self) -> int:
        return len(leading(self.values)) if self.rows is None else len(self.rows)

    def __getitem__(self, rows: Any) -> Prepared:
        """Return some of the examples, by their places or by a mask."""
        places = np.arange(len(leading(self.values))) if self.rows is None else self.rows
        return replace(self, rows=places[rows])

    def pick(self, values: Any) -> Any:
        """Return the rows that are meant, of what was computed for all examples."""
        return values if self.rows is None else pick(values, self.rows)

    @property
    def tensors(self) -> Any:
        """The inputs that are meant."""
        return self.pick(self.values)


def leading(values: Any) -> Any:
    """Return the first tensor of a value, whose first axis is the examples."""
    return values[0] if isinstance(values, tuple) else values


def digest_of(values: Any) -> str:
    """Return the hash of a value's bytes."""
    hashed = sha256()
    for part in values if isinstance(values, tuple) else (values,):
        hashed.update(f"{tuple(part.shape)} {part.dtype}".encode() + bytes_of(part))
    return hashed.hexdigest()
