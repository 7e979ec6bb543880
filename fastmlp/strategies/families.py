"""Families of strategies: ``partial-2`` is one of ``partial-k``, and needs no row of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType

from ..errors import UnknownName
from .spec import Phase, Strategy
from .table import FINETUNE, STRATEGIES, WITHIN


@dataclass(frozen=True)
class Family:
    """Strategies that differ in a number.

    Parameters
    ----------
    make
        From the number to the strategy.
    letter
        What stands for the number in the family's name.
    numbers
        Those that the family's name stands for; None is one for each depth that a network has.
    """

    make: Callable[[int], Strategy]
    letter: str = "k"
    numbers: tuple[int, ...] | None = None


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "partial": Family(lambda k: replace(STRATEGIES["partial-1"], phases=(replace(FINETUNE, frozen=k),))),
        "probe": Family(lambda k: replace(STRATEGIES["probe-1"], layers=k)),
        "transfuse": Family(lambda k: replace(STRATEGIES["transfuse-1"], layers=k)),
        "lora": Family(lambda r: Strategy("pretrained", (replace(WITHIN, rank=r),)), "r", (1, 2, 4, 8)),
        # Yosinski et al. 2014, arXiv 1411.1792, section 2: AnB (BnB if the source is the target), and its control;
        # AnB+ is `transfuse-k`
        "transplant": Family(lambda k: Strategy("pretrained", (Phase(frozen=k),), layers=k)),
        "random-frozen": Family(lambda k: Strategy("random", (Phase(frozen=k),))),
    }
)


def get_strategy(name: str, own: Mapping[str, Strategy] | None = None) -> Strategy:
    """Return a strategy by name; ``partial-2`` is found in the family ``partial-k``.

    A number has one spelling, ``partial-02`` is none: one strategy under two names would compete with itself.

    Parameters
    ----------
    name
        In `STRATEGIES`, of a family, or in `own`.
    own
        More strategies, of a study's settings.

    Raises
    ------
    UnknownName
        If there is none, with the nearest name.

    Examples
    --------
    >>> get_strategy("partial-2").phases[0].frozen
    2
    """
    rows = {**STRATEGIES, **(own or {})}
    if name in rows:
        return rows[name]
    family, _, number = name.rpartition("-")
    spelled = [f"{family}-{int(number)}"] if family in FAMILIES and number.isdecimal() and int(number) > 0 else []
    if name in spelled:
        return _member(family, int(number))
    families = (f"{stem}-{one.letter}" for stem, one in FAMILIES.items())
    raise UnknownName("strategy", name, [*spelled, *rows, *families])


@lru_cache
def _member(family: str, number: int) -> Strategy:
    return FAMILIES[family].make(number)


def expand(name: str, n_layers: int) -> list[str]:
    """Return the members of a family: one for each depth that a network has, or each of four ranks for ``lora-r``.

    A name that is no family's is returned itself.

    Examples
    --------
    >>> expand("partial-k", 3), expand("lora-r", 3), expand("frozen", 3)
    (['partial-1', 'partial-2'], ['lora-1', 'lora-2', 'lora-4', 'lora-8'], ['frozen'])
    """
    family, _, rest = name.rpartition("-")
    if family not in FAMILIES or rest != FAMILIES[family].letter:
        return [name]
    return [f"{family}-{number}" for number in FAMILIES[family].numbers or range(1, n_layers)]
