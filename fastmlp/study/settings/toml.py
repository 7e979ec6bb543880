"""Read and write settings files in TOML.

The library tomli-w is not used: it puts each number of a list on a line of its own.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import SettingsError
from ...files import read_bytes

LARGEST = 1_000_000  # bytes; a settings file has a few hundred


def read_toml(path: Path) -> dict[str, Any]:
    """Read a settings file.

    Raises
    ------
    SettingsError
        If it cannot be read, is not UTF-8 or not TOML; the message has the line where there is one.
    """
    data = read_bytes(path, lambda line: SettingsError("", line), LARGEST + 1)  # and no further: it may be a device
    if len(data) > LARGEST:
        raise SettingsError(str(path), f"holds more than {LARGEST} bytes; that is no settings file")
    try:
        return tomllib.loads(data.decode("utf-8-sig"))  # editors on Windows begin a file with a byte order mark
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SettingsError(str(path), f"line {line} is not UTF-8: byte 0x{data[error.start]:02x}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(str(path), f"is no TOML: {error}") from error
    except RecursionError as error:
        raise SettingsError(str(path), "is nested too deeply") from error
    except ValueError as error:  # a date that does not exist, a number of five thousand digits
        raise SettingsError(str(path), f"holds a value that cannot be read: {error}") from error


def write_toml(data: Mapping[str, Any], prefix: str = "") -> str:
    """Return settings as TOML text: plain values first, then one table for each mapping. None is left out.

    Examples
    --------
    >>> print(write_toml({"name": "mine", "grid": {"sizes": [20, 50]}, "strategies": {"own": {"cut": True}}}), end="")
    name = "mine"
    <BLANKLINE>
    [grid]
    sizes = [20, 50]
    <BLANKLINE>
    [strategies.own]
    cut = true
    """
    plain = [
        f"{name} = {_value(value)}\n"
        for name, value in data.items()
        if value is not None and not isinstance(value, Mapping)
    ]
    tables = [
        write_toml(value, f"{prefix}.{name}" if prefix else name)
        for name, value in data.items()
        if isinstance(value, Mapping)
    ]
    header = [f"\n[{prefix}]\n"] if prefix and (plain or not tables) else []
    return "".join(header + plain + tables)


def _value(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case str():
            # TOML has JSON's escapes; only the delete character, which JSON does not escape, needs one more
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case list() | tuple():
            return f"[{', '.join(map(_value, value))}]"
        case Mapping():
            pairs = [f"{name} = {_value(inner)}" for name, inner in value.items() if inner is not None]
            return f"{{ {', '.join(pairs)} }}"
        case _:
            raise TypeError(f"{value!r} has no place in a settings file")
