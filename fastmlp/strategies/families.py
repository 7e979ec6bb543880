"""Families of strategies: ``partial-2`` is a member of ``partial-k``, and needs no row of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType

from ..errors import FieldError, InvalidInput, UnknownName
from ..families import Family, get_member, patterns
from .spec import Phase, Strategy
from .table import FINETUNE, STRATEGIES, WITHIN

FAMILIES: Mapping[str, Family[Callable[[int], Strategy]]] = MappingProxyType(
    {
        "partial": Family(lambda k: replace(STRATEGIES["partial-1"], phases=(replace(FINETUNE, frozen=k),))),
        "probe": Family(lambda k: replace(STRATEGIES["probe-1"], layers=k)),
        "transfuse": Family(lambda k: replace(STRATEGIES["transfuse-1"], layers=k)),
        "lora": Family(lambda r: Strategy("pretrained", (replace(WITHIN, rank=r),)), "r", numbers=(1, 2, 4, 8)),
        # Yosinski et al. 2014, arXiv 1411.1792, section 2: AnB (BnB if the source is the target), and its control;
        # AnB+ is `transfuse-k`
        "transplant": Family(lambda k: Strategy("pretrained", (Phase(frozen=k),), layers=k)),
        "random-frozen": Family(lambda k: Strategy("random", (Phase(frozen=k),))),
    }
)


def get_strategy(name: str, own: Mapping[str, Strategy] | None = None) -> Strategy:
    """Return a strategy by name; ``partial-2`` is found in the family ``partial-k``.

    A number has one spelling: ``partial-02`` is refused, because one strategy under two names would compete with
    itself.

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
    InvalidInput
        If the number of a family's member is too large for any network.

    Examples
    --------
    >>> get_strategy("partial-2").phases[0].frozen
    2
    """
    rows = {**STRATEGIES, **(own or {})}
    if not isinstance(name, str):
        raise UnknownName("strategy", name, [*rows, *patterns(FAMILIES)])
    if name in rows:
        return rows[name]
    member = get_member(name, "strategy", rows, FAMILIES)
    try:
        return _make(member.family, int(member.number))
    except FieldError as error:  # the number is larger than any network
        raise InvalidInput(f"strategy {name!r}: {error}") from error


@lru_cache
def _make(family: Family[Callable[[int], Strategy]], number: int) -> Strategy:
    return family.make(number)


def expand(name: str, n_layers: int) -> list[str]:
    """Return the members of a family: one for each depth that a network has, or each of four ranks for ``lora-r``.

    Any other name is returned unchanged.

    Examples
    --------
    >>> expand("partial-k", 3), expand("lora-r", 3), expand("frozen", 3)
    (['partial-1', 'partial-2'], ['lora-1', 'lora-2', 'lora-4', 'lora-8'], ['frozen'])
    """
    family, _, rest = name.rpartition("-")
    if family not in FAMILIES or rest != FAMILIES[family].letter:
        return [name]
    return [f"{family}-{number}" for number in FAMILIES[family].numbers or range(1, n_layers)]
