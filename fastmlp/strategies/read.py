"""Read a strategy from a table of plain values, as TOML and JSON hold it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ..errors import FieldError, no_such_setting, shown
from .spec import Phase, Strategy
from .validation import STRATEGY, Words


def read_strategy(table: Mapping[str, Any]) -> Strategy:
    """Return the strategy that a table describes: the fields of `Strategy`, and of `Phase` for each of its phases.

    Raises
    ------
    FieldError
        At the first field that is refused, with its path in the table.

    Examples
    --------
    >>> read_strategy({"start": "random", "phases": [{"body": 0}]}).phases[0].body
    0.0
    """
    _check_names(table, Strategy, "")
    if table.get("start") is None:  # None is the start of the baseline, which exists already
        match STRATEGY["start"]:
            case Words(known):
                raise FieldError("Strategy", "start", f"is needed; known: {', '.join(known)}")
    phases = table.get("phases", ())
    if not isinstance(phases, list | tuple):
        raise FieldError("Strategy", "phases", f"must be a list, not {shown(phases)}")
    read = tuple(_read_phase(phase, f"phases[{place}]") for place, phase in enumerate(phases))
    return Strategy(**{**table, "phases": read})


def _read_phase(table: object, path: str) -> Phase:
    if not isinstance(table, Mapping):
        raise FieldError("Strategy", path, f"must be a table, not {shown(table)}")
    _check_names(table, Phase, f"{path}.")
    try:
        return Phase(**table)
    except FieldError as error:
        raise FieldError("Strategy", f"{path}.{error.path}", error.message) from error


def _check_names(table: Mapping[str, Any], kind: type[Strategy | Phase], prefix: str) -> None:
    """Refuse a name that no field has."""
    known = [field.name for field in fields(kind)]
    for name in table:
        if name not in known:
            raise FieldError("Strategy", f"{prefix}{name}", no_such_setting(name, known))
