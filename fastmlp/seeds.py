"""A seed is a name, hashed.

The generator for a purpose depends on the names given and on nothing else: not on the strategy, the backend, the number
of workers or the order of work. Two trials that name the same things see the same random numbers, so strategies are
paired by construction; and because NumPy draws them before a backend is chosen, so are the backends.
"""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import sha256

import numpy as np

Rng = int | np.random.SeedSequence | np.random.Generator


def rng_for(purpose: str, **names: str | int) -> np.random.Generator:
    """Return the generator that belongs to a purpose and the names it may depend on.

    Parameters
    ----------
    purpose
        What is drawn: ``"split"``, ``"subset"``, ``"body"``, ``"head"``, ``"order"``.
    names
        What the draw may depend on, such as ``task="digits", seed=3``. Their order does not matter.

    Examples
    --------
    >>> int(rng_for("subset", task="digits", seed=3).integers(1000))
    202
    >>> a, b = rng_for("order", task="digits", seed=3), rng_for("order", seed=3, task="digits")
    >>> bool(a.random() == b.random())
    True
    """
    return np.random.default_rng(seed_for(purpose, **names))


@lru_cache(maxsize=256)  # the trials of a cell ask for the same few
def seed_for(purpose: str, **names: str | int) -> int:
    """Return the seed of that generator, for whoever may not need to draw: a generator takes longer to make."""
    text = json.dumps([purpose, sorted(names.items())], separators=(",", ":"))
    return int.from_bytes(sha256(text.encode()).digest())
