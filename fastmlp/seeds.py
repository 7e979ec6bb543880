"""A seed is a name, hashed.

The generator for a purpose depends on the names given and on nothing else: not on the strategy, the backend, the number
of workers or the order of work. Two trials that name the same things see the same random numbers, so strategies are
paired by construction; and because NumPy draws them before a backend is chosen, so are the backends.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from hashlib import sha256
from typing import Any

import numpy as np

from .errors import InvalidInput, shown

Name = str | int | np.integer[Any]
Rng = int | np.random.SeedSequence | np.random.Generator


LARGEST_SEED = 1_000_000


def seed_range(seeds: int | str) -> range:
    """Return the seeds that a number of them stands for, counted from 0, or a range such as ``20-39``, both included.

    Raises
    ------
    InvalidInput
        If text is no such range, or one that runs backwards or beyond a million.

    Examples
    --------
    >>> seed_range(3), seed_range("20-39")
    (range(0, 3), range(20, 40))
    """
    if isinstance(seeds, int):
        return range(seeds)
    found = re.fullmatch(r"(\d{1,7})-(\d{1,7})", seeds, re.ASCII)
    if found is None or not int(found[1]) <= int(found[2]) < LARGEST_SEED:
        raise InvalidInput(f"must be a number of seeds, or a range such as '20-39', not {shown(seeds)}")
    return range(int(found[1]), int(found[2]) + 1)


def name_of_seeds(seeds: range) -> int | str:
    """Return how a range of seeds is written: as their number if they begin at 0.

    Examples
    --------
    >>> name_of_seeds(range(20)), name_of_seeds(range(20, 40))
    (20, '20-39')
    """
    return seeds.stop if seeds.start == 0 else f"{seeds.start}-{seeds.stop - 1}"


def rng_for(purpose: str, **names: Name) -> np.random.Generator:
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


@lru_cache(maxsize=256, typed=True)  # the trials of a cell ask for the same few; typed, for True is not 1
def seed_for(purpose: str, **names: Name) -> int:
    """Return the seed of `rng_for`'s generator: it takes less time to make, if nothing may be drawn."""
    plain = {name: int(value) if isinstance(value, np.integer) else value for name, value in names.items()}
    text = json.dumps([purpose, sorted(plain.items())], separators=(",", ":"))
    return int.from_bytes(sha256(text.encode()).digest())


def check_rng(rng: Rng) -> Rng:
    """Return an argument `rng`, from which `generator_of` can make a generator.

    Raises
    ------
    InvalidInput
        If it is neither a seed, a whole number of at least 0, nor a `SeedSequence` or a `Generator`.
    """
    is_seed = isinstance(rng, int | np.integer) and not isinstance(rng, bool) and rng >= 0
    if not is_seed and not isinstance(rng, np.random.SeedSequence | np.random.Generator):
        raise InvalidInput(
            f"rng is {shown(rng)}; it must be a whole number of at least 0, a SeedSequence or a Generator of NumPy"
        )
    return rng


def generator_of(rng: Rng) -> np.random.Generator:
    """Return the generator that an argument `rng` stands for; a generator stands for itself.

    Raises
    ------
    InvalidInput
        See `check_rng`.
    """
    rng = check_rng(rng)
    if isinstance(rng, np.integer):
        rng = int(rng)
    if isinstance(rng, np.random.SeedSequence):  # a copy, because spawning children changes the original
        rng = np.random.SeedSequence(
            rng.entropy, spawn_key=rng.spawn_key, pool_size=rng.pool_size, n_children_spawned=rng.n_children_spawned
        )
    return np.random.default_rng(rng)
