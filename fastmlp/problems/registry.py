"""The built-in problems by name, from a source that is the target itself to one that knows nothing of it.

Unless a problem says otherwise, its target is the ten digits, drawn alike for all problems, so only the source changes.
Some are made of data that do not come with fastmlp: `NEEDS` says which.
How near a source is, is measured and not asserted: see `fastmlp.similarity`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from types import MappingProxyType

from ..datasets import is_kept
from ..families import Family, get_member
from ..seeds import rng_for
from .bundled import breast_cancer, wine
from .collected import fashion, fashion_halves, newsgroups
from .digits import digits, halves, inverted, noisy, of_digits, rotated, shuffled_blocks
from .mnist import PREPARED, mnist
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
        "breast-cancer": lambda name, _: breast_cancer(name),
        "wine": lambda name, _: wine(name),
        **{which: lambda name, _: mnist(name) for which in PREPARED},
        "fashion": lambda name, _: fashion(name),
        "fashion-halves": lambda name, _: fashion_halves(name),
        "newsgroups": lambda name, _: newsgroups(name),
    }
)

# The data sets that a problem is made of, as far as they do not come with fastmlp: see `fastmlp.datasets`.
NEEDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **dict.fromkeys(PREPARED, ("mnist",)),
        "fashion": ("mnist", "fashion"),
        "fashion-halves": ("fashion",),
        "newsgroups": ("newsgroups",),
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
        "large-teacher": Family(partial(teacher, n_source=60_000), "r", 0, 1, whole=False),
    }
)


def lacking(name: str) -> list[str]:
    """Return the data sets that a built-in problem is made of and this machine does not have."""
    return [dataset for dataset in NEEDS.get(name, ()) if not is_kept(dataset)]


def get_problem(name: str, seed: int = 0) -> Problem:
    """Return a problem as one seed sees it; ``rotated-30`` is found in the family ``rotated-A``.

    Raises
    ------
    UnknownName
        If there is none, with the nearest name; ``rotated-30.0`` is none, because a number has one spelling.
    InvalidInput
        If its data are not on this machine, with the command that brings them.

    Examples
    --------
    >>> get_problem("teacher-0.5", seed=3).target.n_classes
    10
    """
    # Problems of data that may change are kept by those, where they are made
    return make_problem(name, seed) if name in NEEDS else kept_problem(name, seed)


def make_problem(name: str, seed: int) -> Problem:
    """Make a problem, whether it was made before or not: see `get_problem`."""
    if name in PROBLEMS:
        return PROBLEMS[name](name, seed)
    member = get_member(name, "problem", PROBLEMS, FAMILIES)
    return member.family.make(name, seed, member.number)


kept_problem = lru_cache(maxsize=16)(make_problem)  # a study asks for one often in a row; some take megabytes
