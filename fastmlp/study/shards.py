"""Shards: parts of a plan that several machines run without a server, each into a folder of its own.

All trials of one problem and one seed are in one shard, because they share a pretraining. The groups of each seed are
put in the order of a hash and dealt out in turn: so all shards have equally many groups, give or take one, each has
all kinds of problems, and more seeds leave every group in the shard where it was.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import NamedTuple

from ..errors import InvalidInput, shown
from .settings.schema import Settings
from .store.schema import Trial

LONGEST = 20  # characters of a shard's name


class Shard(NamedTuple):
    """One of the equal parts of a plan.

    Parameters
    ----------
    number
        Which part, from 1.
    total
        How many parts there are.
    """

    number: int
    total: int

    def __str__(self) -> str:
        return f"{self.number}/{self.total}"


def read_shard(value: object) -> Shard | None:
    """Return the shard that text such as ``3/16`` names; None stays None.

    Raises
    ------
    InvalidInput
        If it is no such text, or there is no such shard.
    """
    if value is None:
        return None
    found = re.fullmatch(r"([0-9]+)/([0-9]+)", value) if isinstance(value, str) and len(value) <= LONGEST else None
    if found is None:
        raise InvalidInput(f"shard is {shown(value)}; it must be a number and a total, such as 3/16")
    shard = Shard(int(found[1]), int(found[2]))
    if not 1 <= shard.number <= shard.total:
        raise InvalidInput(f"shard is {shown(value)}; of N shards the first is 1/N and the last N/N")
    return shard


def share_of(settings: Settings, shard: Shard) -> Callable[[Trial], bool]:
    """Return a function that tells whether a planned trial belongs to a shard; of an empty one there is a warning."""
    dealt = list(groups(settings))
    if shard.number > len(dealt):
        limit = f"the study has {len(dealt)} groups, one for each problem and seed, so more shards are no help"
        warnings.warn(f"shard {shard} has nothing to do: {limit}", stacklevel=3)
    share = set(dealt[shard.number - 1 :: shard.total])
    return lambda trial: (trial.problem, trial.seed) in share


def groups(settings: Settings) -> Iterator[tuple[str, int]]:
    """Generate problem and seed of each group, seed by seed, those of a seed in the order of a hash."""
    grid, again, smaller = settings.grid, settings.replicates, settings.amounts
    seeds = dict.fromkeys(grid.problems, len(grid.seed_range))
    if again.number:
        seeds |= {name: max(seeds.get(name, 0), again.seeds) for name in again.problems or grid.problems}
    if smaller.ratios:
        seeds |= {name: max(seeds.get(name, 0), smaller.seeds) for name in smaller.problems or grid.problems}
    for place, seed in enumerate(grid.first_seeds(max(seeds.values()))):
        yield from sorted(((name, seed) for name in seeds if place < seeds[name]), key=_hash)


def _hash(group: tuple[str, int]) -> bytes:
    return sha256(repr(group).encode()).digest()
