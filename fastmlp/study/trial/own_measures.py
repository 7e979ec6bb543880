"""A study's own measures: functions of probabilities and labels, from files that its settings name or from Python.

A file is code, so it is run only if whoever runs the study allows it: its settings may come from anywhere. Its text is
read once, hashed into the keys of trials, and sent to workers, wherever they are: all of them run what was hashed.
A function that a program gives is known to that program alone, and is hashed by its own lines, or by what Python has
made of them.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from ...checks import is_real
from ...errors import InvalidInput, SettingsError, UnknownName, shown
from ...files import read_bytes
from ..settings.messages import passing_on
from ..settings.schema import Settings
from ..store.schema import COLUMNS, finite

if TYPE_CHECKING:
    from ...backends.reference_data import Probabilities
    from ...layout import Ints

LARGEST = 1_000_000  # bytes of a file

Function = Callable[["Probabilities", "Ints"], "float | None"]


@dataclass(frozen=True)
class OwnMeasure:
    """A measure of a study's own. It can be pickled unless it is `local`.

    Parameters
    ----------
    name
        Its column.
    place
        A file and a function in it, ``/home/me/mine.py:brier``; of a function that a program gave, ``:brier``.
    source
        The text of the file, or of the function.
    local
        The function, if a program gave it.
    """

    name: str
    place: str
    source: str
    local: Function | None = None

    @cached_property
    def hash(self) -> str:
        """A hash of its function's name and its source, for the keys of trials."""
        function = self.place.rpartition(":")[2] if self.local is None else ""
        return sha256(f"{function}\n{self.source}".encode()).hexdigest()[:32]

    @property
    def function(self) -> Function:
        """The function itself; its file is run where it is first asked for.

        Raises
        ------
        InvalidInput
            If that ends with an error, or there is no such function.
        """
        return self.local or _function_of(self.place, self.source)

    def __call__(self, probabilities: Probabilities, y: Ints) -> float | None:
        """Measure a classifier on some examples: see `fastmlp.measures.evaluate`.

        Returns
        -------
        float or None
            None where it is not defined: the function says so, or returns NaN or infinity.

        Raises
        ------
        InvalidInput
            If the function raises an exception, or returns something else.
        """
        try:
            value = self.function(probabilities, y)
        except Exception as error:
            raise InvalidInput(f"measures.{self.name}: {type(error).__name__}: {error}") from error
        if value is not None and not is_real(value):
            raise InvalidInput(f"measures.{self.name}: returned {shown(value)}; a number or None is needed")
        return finite(value)


def take_measures(study: object, settings: Settings, *, trusted: bool) -> tuple[OwnMeasure, ...]:
    """Return a study's own measures by name; their functions are there.

    Parameters
    ----------
    study
        As for `run_study`: a dict may hold functions.
    settings
        What became of it.
    trusted
        Whether files that the settings name may be run.

    Raises
    ------
    SettingsError
        If a name is that of another column, or there is no function that may be run.
    """
    given = _functions_in(study)
    found = []
    for name, place in sorted(settings.measures.own.items()):
        path = f"measures.{name}"
        if name in COLUMNS or name.endswith("_seconds"):
            raise SettingsError(path, "is a column that records have; give yours another name")
        with passing_on(path):
            measure = _given(name, place, given) if place.startswith(":") else _in_file(name, place, trusted=trusted)
            _ = measure.function
        found.append(measure)
    return tuple(found)


def _functions_in(study: object) -> dict[str, Any]:
    """Return the functions among the measures of a dict of settings."""
    table = study.get("measures") if isinstance(study, Mapping) else None
    if not isinstance(table, Mapping):
        return {}
    own = table.get("own", {})
    both = {**table, **(own if isinstance(own, Mapping) else {})}
    return {name: value for name, value in both.items() if callable(value)}


def _given(name: str, place: str, given: Mapping[str, Any]) -> OwnMeasure:
    if name not in given:
        raise InvalidInput(f"{place!r} was a function that a program gave to run_study; give it again, or name a file")
    function = given[name]
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError) as error:  # what was typed into a terminal has none
        if not inspect.isfunction(function):
            raise InvalidInput(f"{shown(function)} has no source that can be read; wrap it in a function") from error
        source = repr(_compiled(function.__code__))
    return OwnMeasure(name, place, source, function)


def _compiled(code: CodeType) -> list[Any]:
    """Return what Python has made of a function's source, without its places in memory and in a file."""
    constants = [_compiled(value) if inspect.iscode(value) else value for value in code.co_consts]
    return [code.co_code, code.co_names, constants]


def _in_file(name: str, place: str, *, trusted: bool) -> OwnMeasure:
    if not trusted:
        how = "--trust-code, or trust_code=True in Python"
        raise InvalidInput(f"{place!r} is code, which is run only if you allow it: {how}")
    file = Path(place.rpartition(":")[0])
    data = read_bytes(file, InvalidInput, LARGEST + 1)
    try:
        source = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file}: is not UTF-8") from error
    if len(data) > LARGEST:
        raise InvalidInput(f"{file}: holds more than {LARGEST} bytes")
    return OwnMeasure(name, place, source)


@lru_cache(maxsize=16)
def _module(file: str, source: str) -> dict[str, Any]:
    """Run the text of a file, as a module that no `import` finds."""
    module = ModuleType(f"fastmlp_measures_{sha256(source.encode()).hexdigest()[:8]}")
    module.__file__ = file
    sys.modules[module.__name__] = module  # where dataclasses and pickle look for it
    try:
        exec(compile(source, file, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 (it was allowed)
    except Exception as error:
        raise InvalidInput(f"{file}: {type(error).__name__}: {error}") from error
    return module.__dict__


def _function_of(place: str, source: str) -> Function:
    file, _, name = place.rpartition(":")
    names = _module(file, source)
    if not callable(found := names.get(name)):
        raise UnknownName("function", name, [key for key, value in names.items() if callable(value)])
    function: Function = found
    return function
