"""How a refused setting is worded: its path first, then what it must be, then what it is."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

import msgspec

from ..errors import InvalidInput, SettingsError, UnknownName

WORDS = {"int": "a whole number", "float": "a number", "str": "text", "bool": "true or false", "array": "a list"}
WORDS |= {"object": "a table", "null": "nothing"}
BOUNDS = {">=": "at least", ">": "above", "<=": "at most", "<": "below"}


def refuse_unknown_keys(data: Mapping[str, Any], struct: type[msgspec.Struct], prefix: str = "") -> None:
    """Refuse a key that a struct, or a struct within it, does not have.

    Raises
    ------
    SettingsError
        With the nearest key there is.
    """
    fields = {field.name: field.type for field in msgspec.structs.fields(struct)}
    for key, value in data.items():
        if key not in fields:
            near = get_close_matches(str(key), fields, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(fields)}"
            raise SettingsError(f"{prefix}{key}", f"there is no such setting; {hint}")
        inner = fields[key]
        if isinstance(value, Mapping) and isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            refuse_unknown_keys(value, inner, f"{prefix}{key}.")


def explain(error: msgspec.ValidationError, data: Mapping[str, Any]) -> SettingsError:
    """Turn msgspec's refusal into ours.

    Examples
    --------
    >>> str(explain(msgspec.ValidationError("Expected `float` > 0.0 - at `$.training.lr`"), {"training": {"lr": -1}}))
    'training.lr: must be above 0, not -1'
    >>> str(explain(msgspec.ValidationError("Expected `int`, got `str` - at `$.sizes[1]`"), {"sizes": [20, "x"]}))
    "sizes[1]: must be a whole number, not 'x'"
    """
    expected, _, place = str(error).partition(" - at `$")
    path = place.rstrip("`").removeprefix(".")
    match re.fullmatch(r"Expected `(\w+)`(.*)", expected):
        case None:
            return SettingsError(path, expected)
        case found:
            return SettingsError(path, f"must be {_wanted(found[1], found[2])}, not {shown(_at(path, data))}")


def _wanted(kind: str, rest: str) -> str:
    if length := re.fullmatch(r" of length (>=|<=) (\d+)", rest):
        what = "characters" if kind == "str" else "entries"
        return f"{WORDS[kind]} of {BOUNDS[length[1]]} {length[2]} {what}".replace(" 1 entries", " 1 entry")
    if bound := re.fullmatch(r" (>=|>|<=|<) (.+)", rest):
        return f"{BOUNDS[bound[1]]} {bound[2].removesuffix('.0')}"
    return WORDS.get(kind, kind)  # the rest says what was got: the value itself is clearer


def _at(path: str, data: Any) -> Any:
    for name, place in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        data = data[name] if name else data[int(place)]
    return data


def shown(value: object) -> str:
    """Return a value as it is quoted in a message: not longer than a line."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:50]}... ({len(text)} characters)"


def refuse_duplicates(path: str, values: Iterable[object]) -> None:
    """Refuse a list that has something twice; each trial runs once."""
    seen = set()
    for value in values:
        if value in seen:
            raise SettingsError(path, f"has {shown(value)} twice")
        seen.add(value)


def refuse_unknown(path: str, kind: str, name: str, known: Collection[str]) -> None:
    """Refuse a name that is in no table, with the nearest that is."""
    if name not in known:
        raise SettingsError(path, str(UnknownName(kind, name, known)))


@contextmanager
def passing_on(path: str) -> Iterator[None]:
    """Turn a refusal of a name that a setting holds into a refusal of the setting."""
    try:
        yield
    except InvalidInput as error:
        raise SettingsError(path, str(error)) from error
