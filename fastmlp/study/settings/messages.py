"""The wording of refused settings: the path, what the setting must be, and what it is."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from ...errors import InvalidInput, SettingsError, UnknownName, no_such_setting, shown

WORDS = {"int": "a whole number", "float": "a number", "str": "text", "bool": "true or false", "array": "a list"}
WORDS |= {"object": "a table", "null": "nothing"}
BOUNDS = {">=": "at least", ">": "above", "<=": "at most", "<": "below"}


def refuse_unknown_keys(data: Mapping[str, Any], kind: type, prefix: str = "") -> None:
    """Refuse a key that a struct, or a struct within it, does not have, and what is no table in place of one.

    Raises
    ------
    SettingsError
        With the nearest key there is, or the tables that have one of this name.
    """
    known = fields_of(kind)
    for key, value in data.items():
        if key not in known:
            elsewhere = [f"{table}.{key}" for table, kind in known.items() if key in fields_of(kind)]
            raise SettingsError(f"{prefix}{key}", no_such_setting(key, known, elsewhere))
        # Not left to msgspec: it would look at the attributes of a NumPy number
        if fields_of(known[key]) and not isinstance(value, known[key]):
            refuse_unknown_keys(as_table(f"{prefix}{key}", value), known[key], f"{prefix}{key}.")


def fields_of(kind: Any) -> dict[str, Any]:
    """Return the fields of a struct, and their types; of anything else, none."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return {field.name: field.type for field in msgspec.structs.fields(kind)}
    return {}


def explain(error: msgspec.ValidationError, data: Mapping[str, Any], prefix: str = "") -> SettingsError:
    """Turn msgspec's refusal into ours; `prefix` is the path of the data.

    Examples
    --------
    >>> str(explain(msgspec.ValidationError("Expected `float` > 0.0 - at `$.training.lr`"), {"training": {"lr": -1}}))
    'training.lr: must be above 0, not -1'
    >>> str(explain(msgspec.ValidationError("Expected `int`, got `str` - at `$.sizes[1]`"), {"sizes": [20, "x"]}))
    "sizes[1]: must be a whole number, not 'x'"
    """
    expected, _, place = str(error).partition(" - at `$")
    path = place.rstrip("`").removeprefix(".")
    match re.fullmatch(r"Expected `(\w+)(?: \| \w+)?`(.*)", expected):
        case None:
            return SettingsError(prefix + path, expected)
        case found:
            return SettingsError(prefix + path, f"must be {_wanted(found[1], found[2])}, not {shown(_at(path, data))}")


def _wanted(kind: str, rest: str) -> str:
    if length := re.fullmatch(r" of length (>=|<=) (\d+)", rest):
        what = "characters" if kind == "str" else "entries"
        words = f"{WORDS[kind]} of {BOUNDS[length[1]]} {length[2]} {what}"
        return words.replace(" 1 entries", " 1 entry").replace(" 1 characters", " 1 character")
    if bound := re.fullmatch(r" (>=|>|<=|<) (.+)", rest):
        return f"{BOUNDS[bound[1]]} {bound[2].removesuffix('.0')}"
    return WORDS.get(kind, kind)  # the rest says what was got: the value itself is clearer


def _at(path: str, data: Any) -> Any:
    for name, place in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        data = data[name] if name else data[int(place)]
    return data


def as_table(path: str, value: object, hint: str = "") -> Mapping[str, Any]:
    """Return a value that must be a table, or refuse it."""
    if not isinstance(value, Mapping):
        raise SettingsError(path, f"must be a table, not {shown(value)}{hint}")
    return value


def tables_by_name(path: str, tables: object) -> Mapping[str, object]:
    """Return what a study has of its own under ``strategies`` or ``problems``: a table for each name.

    Raises
    ------
    SettingsError
        If it is not that; a list of names belongs in the grid.
    """
    by_name = as_table(path, tables, f"; did you mean 'grid.{path}'?" if isinstance(tables, list | tuple) else "")
    for name in by_name:
        if not isinstance(name, str):
            raise SettingsError(path, f"has the name {shown(name)}; a name is text")
    return by_name


def refuse_duplicates(path: str, values: Iterable[object]) -> None:
    """Refuse a list with duplicates: each trial runs once."""
    seen = set()
    for value in values:
        if value in seen:
            raise SettingsError(path, f"has {shown(value)} twice")
        seen.add(value)


def refuse_name(path: str, name: str, taken: str | None) -> None:
    """Refuse a name that something of a study's own cannot have; `taken` says why it is not free, if so."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise SettingsError(path, "a name is of small letters, digits and single hyphens, such as 'my-own'")
    if taken:
        raise SettingsError(path, f"{taken}; give yours another name")


def refuse_unknown(path: str, kind: str, name: str, known: Collection[str]) -> None:
    """Refuse a name that is in no table, with the nearest that is."""
    if name not in known:
        raise SettingsError(path, str(UnknownName(kind, name, known)))


@contextmanager
def passing_on(path: str) -> Iterator[None]:
    """Turn a refusal of what a setting names, such as a file of data, into a refusal of the setting."""
    try:
        yield
    except InvalidInput as error:
        raise SettingsError(path, str(error)) from error
