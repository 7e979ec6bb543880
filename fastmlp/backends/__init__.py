"""Two implementations of the same functions, chosen by value.

`reference` is NumPy and reads like the mathematics; `compiled` is Numba and runs at the speed of the machine. Both hold
`features`, `forward`, `loss_and_gradient` and `train` with the same signatures, and a module beside each
`train_lora`; each can stand in for the other.
"""

from __future__ import annotations

import functools
import warnings
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from ..errors import MissingLibrary, UnknownName

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..layout import Floats

BACKENDS = ("auto", "numba", "numpy")
MODULES = {"numba": "compiled", "numpy": "reference"}


@dataclass(frozen=True)
class Backend:
    """The functions of one implementation; `reference` documents them."""

    name: str
    features: Callable[..., Floats]
    forward: Callable[..., Floats]
    loss_and_gradient: Callable[..., tuple[float, Floats]]
    train: Callable[..., int]
    train_lora: Callable[..., int]


def get_backend(name: str = "auto") -> Backend:
    """Return a backend by the user's name for it.

    Parameters
    ----------
    name
        ``"numpy"``, ``"numba"``, or ``"auto"``: Numba if it can be imported, else NumPy with one warning.

    Raises
    ------
    UnknownName
        If there is no such backend.
    MissingLibrary
        If ``"numba"`` is asked for and cannot be imported.
    """
    given: object = name  # arrays cannot be looked up
    if not isinstance(given, str) or given not in BACKENDS:
        raise UnknownName("backend", name, BACKENDS)
    return _automatic() if name == "auto" else _load(name)


@functools.cache
def _automatic() -> Backend:
    try:
        return _load("numba")
    except MissingLibrary as error:
        warnings.warn(f"{error}; the NumPy reference is used, which is many times slower", RuntimeWarning, stacklevel=3)
        return _load("numpy")


@functools.cache
def _load(name: str) -> Backend:
    try:
        module, lora = (import_module(f".{MODULES[name]}{part}", __name__) for part in ("", "_lora"))
    except ImportError as error:
        if name == "numpy":
            raise
        raise MissingLibrary("numba", f"pip install numba ({error})") from error
    functions = module.features, module.forward, module.loss_and_gradient, module.train, lora.train_lora
    return Backend(name, *functions)
