"""Strategies of a study's own: ``[strategies.mine]`` with the fields of `Strategy`, and of `Phase` for each phase."""

from __future__ import annotations

from dataclasses import asdict

from ...errors import FieldError, SettingsError
from ...families import why_taken
from ...strategies import FAMILIES, STRATEGIES, Strategy, read_strategy
from .messages import as_table, refuse_name, tables_by_name


def own_strategies(tables: object) -> dict[str, Strategy]:
    """Return a study's own strategies from what its settings hold under ``strategies``.

    Raises
    ------
    SettingsError
        At the first setting that is refused.
    """
    return {name: own_strategy(name, table) for name, table in tables_by_name("strategies", tables).items()}


def own_strategy(name: str, table: object) -> Strategy:
    """Return one strategy of a study's own."""
    path = f"strategies.{name}"
    refuse_name(path, name, why_taken(name, STRATEGIES, FAMILIES))
    fields = as_table(path, asdict(table) if isinstance(table, Strategy) else table)
    try:
        return read_strategy(fields)
    except FieldError as error:
        raise SettingsError(f"{path}.{error.path}", error.message) from error
