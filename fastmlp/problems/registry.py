"""The built-in problems by name, from a source that is the target itself to one that knows nothing of it.

Unless a problem says otherwise, its target is the ten digits, drawn alike for all problems, so only the source changes.
How near a source is, is measured and not asserted: see `fastmlp.similarity`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType

from ..families import Family, get_member
from ..seeds import rng_for
from .digits import digits, halves, inverted, noisy, of_digits, rotated, shuffled_blocks
from .task import Problem
from .teacher import teacher

# A problem is a function of its name and the seed.
PROBLEMS: Mapping[str, Callable[[str, int], Problem]] = MappingProxyType(
    {
        "same": lambda name, _: of_digits(name),
        "halves": lambda name, seed: halves(name, seed, on_subset=False),
        "halves-self": lambda name, seed: halves(name, seed, on_subset=True),
        "parity": lambda name, _: of_digits(name, y=digits().y % 2),
        "high-low": lambda name, _: of_digits(name, y=digits().y // 5),
        "inverted": lambda name, _: of_digits(name, inverted(digits().X)),
        "blocks": lambda name, seed: of_digits(name, shuffled_blocks(digits().X, rng_for("blocks", seed=seed))),
        "permuted": lambda name, seed: of_digits(name, rng_for("permuted", seed=seed).permutation(digits().X, axis=1)),
        "random-labels": lambda name, seed: of_digits(
            name, y=rng_for("random labels", seed=seed).permutation(digits().y), control=True
        ),
    }
)

# A member of a family is a function of its name, the seed and the number in its name.
FAMILIES: Mapping[str, Family[Callable[[str, int, float], Problem]]] = MappingProxyType(
    {
        "rotated": Family(
            lambda name, _, degrees: of_digits(name, rotated(digits().X, degrees)), "A", 0, 180, whole=False
        ),
        "noisy": Family(
            lambda name, seed, strength: of_digits(name, noisy(digits().X, rng_for("noise", seed=seed), strength)),
            letter="s",
            low=0,
            high=100,
            whole=False,
        ),
        "teacher": Family(teacher, "r", 0, 1, whole=False),
    }
)


@lru_cache(maxsize=64)  # a study asks for one problem and seed many times in a row
def get_problem(name: str, seed: int = 0) -> Problem:
    """Return a problem as one seed sees it; ``rotated-30`` is found in the family ``rotated-A``.

    Raises
    ------
    UnknownName
        If there is none, with the nearest name; ``rotated-30.0`` is none, because a number has one spelling.

    Examples
    --------
    >>> get_problem("teacher-0.5", seed=3).target.n_classes
    10
    """
    if name in PROBLEMS:
        return PROBLEMS[name](name, seed)
    member = get_member(name, "problem", PROBLEMS, FAMILIES)
    return member.family.make(name, seed, member.number)
