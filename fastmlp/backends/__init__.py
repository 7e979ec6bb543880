"""Three implementations of the same functions, chosen by value: this room's business is to compute what it is told.

`reference` is NumPy and reads like the mathematics; `compiled` is Numba and runs at the speed of the machine; `torch`
is PyTorch and trains the stages of other people's networks too. All hold `features`, `forward`, `loss_and_gradient` and
`train` with the same signatures; modules beside each hold `train_lora`, and what is done with data. Each can stand in
for the others. Random numbers, checks of arguments and phases are other rooms' business.
"""

from __future__ import annotations

import functools
import warnings
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..errors import MissingLibrary, UnknownName
from .reference_data import count, count_right, standardise

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..layout import Floats, Ints
    from .reference_data import Counts, Probabilities

BACKENDS = ("auto", "numba", "numpy", "torch")
MODULES = {
    "numba": ("compiled", "compiled_lora", "compiled_data"),
    "numpy": ("reference", "reference_lora", "reference_data"),
    "torch": ("torch", "torch.lora", "reference_data"),
}


class RunningTraining(Protocol):
    """A training that is run in pieces.

    Attributes
    ----------
    is_in_place
        Whether a piece changes the network as it goes, also one that does not end.
    """

    is_in_place: bool

    def run(self, first: int, last: int, *, ends: bool = True) -> int:
        """Make the updates `first` to `last` - 1; return the updates completed.

        Pieces follow one another. Between them the network is up to date only after one that `ends`, or that was cut
        short by a loss that is not finite.
        """


@dataclass(frozen=True)
class StepwiseTraining:
    """A training that keeps nothing between its pieces."""

    train: Callable[[int, int], int]
    is_in_place = True

    def run(self, first: int, last: int, *, ends: bool = True) -> int:  # noqa: ARG002
        """See `RunningTraining`."""
        return self.train(first, last)


@dataclass(frozen=True)
class Backend:
    """The functions of one implementation; `reference` documents them, and `reference_data` the last three."""

    name: str
    features: Callable[..., Floats]
    forward: Callable[..., Floats]
    loss_and_gradient: Callable[..., tuple[float, Floats]]
    train: Callable[..., int]
    train_lora: Callable[..., int]
    prepare: Callable[..., RunningTraining] | None = None
    predict: Callable[..., Floats] | None = None
    standardise: Callable[..., Floats] = standardise
    count_right: Callable[[Floats, Ints], Ints] = count_right
    count: Callable[[Probabilities, Ints], Counts] = count

    def start_training(
        self, theta: Floats, *arguments: Any, threads: int, state: Floats | None = None, **options: Any
    ) -> RunningTraining:
        """Return a training of theta.

        Parameters
        ----------
        arguments, options
            Those of `train`, after `state`.
        threads
            How many threads share it, where the backend can share it out.
        state : (2, P)
            The moments it begins with, and what is to hold those it ends with; None begins with zeros.
        """
        if self.prepare is not None:
            moments = np.zeros((2, 0), theta.dtype) if state is None else state
            return self.prepare(theta, moments, *arguments, threads=threads, **options)
        state = np.zeros((2, theta.size), theta.dtype) if state is None else state
        return StepwiseTraining(functools.partial(self.train, theta, state, *arguments, **options))

    def hidden(self, theta: Floats, sizes: Ints, activation: int, x: Floats, depth: int, threads: int) -> Floats:
        """Return `features`, or at the full depth `forward`, by several threads where the backend has them."""
        if self.predict is not None and depth > 0:
            return self.predict(theta, sizes, activation, x, depth, threads)
        if depth < len(sizes) - 1:
            return self.features(theta, sizes, activation, x, depth)
        return self.forward(theta, sizes, activation, x)

    def warm_up(self, dtype: np.dtype[Any], *functions: str) -> None:
        """Call functions once on the smallest arguments, so that later calls do not wait for a compiler.

        Kernels that have to be compiled say so in the log: see `fastmlp.backends.cache`.

        Parameters
        ----------
        dtype
            float32 or float64.
        functions
            Names: ``train``, ``train_lora``, ``forward``, ``data``. What was called before costs nothing.
        """
        for function in functions:
            _warm_up(self, dtype, function)


_OWN: dict[str, Backend] = {}


def add_backend(backend: Backend) -> None:
    """Make a backend of one's own known to this process by its name; another one of that name is replaced."""
    _OWN[backend.name] = backend


def known_backends() -> tuple[str, ...]:
    """Return the names that `get_backend` takes."""
    return (*BACKENDS, *_OWN)


def is_own(name: str) -> bool:
    """Whether a name is that of a backend that was added: worker processes do not know it."""
    return name in _OWN


def get_backend(name: str = "auto") -> Backend:
    """Return a backend by the user's name for it.

    Parameters
    ----------
    name
        ``"numpy"``, ``"numba"``, ``"torch"``, ``"auto"``, which is Numba if it can be imported and else NumPy with one
        warning, or one that was added.

    Raises
    ------
    UnknownName
        If there is no such backend.
    MissingLibrary
        If ``"numba"`` or ``"torch"`` is asked for and cannot be imported.
    """
    given: object = name
    if not isinstance(given, str) or given not in known_backends():
        raise UnknownName("backend", given, known_backends())
    name = str(name)  # a string of NumPy's is one too, and would be written into stores
    if name in _OWN:
        return _OWN[name]
    if name != "auto":
        return _load(name)
    chosen, problem = choose_backend()
    if problem:
        _warn_once(problem)
    return _load(chosen)


@functools.cache
def choose_backend() -> tuple[str, str]:
    """Return the name of the backend that ``auto`` stands for, and a warning, which is empty if that is ``numba``."""
    try:
        return _load("numba").name, ""
    except MissingLibrary as error:
        return "numpy", f"{error}; the NumPy reference is used, which is many times slower"


@functools.cache
def _warn_once(message: str) -> None:
    warnings.warn(message, RuntimeWarning, stacklevel=3)


@functools.cache
def _load(name: str) -> Backend:
    try:
        module, lora, data = (import_module(f".{module}", __name__) for module in MODULES[name])
        if name == "torch":
            module.import_torch()
    except MissingLibrary:
        raise
    except ImportError as error:
        if name == "numpy":
            raise
        raise MissingLibrary("numba", f"pip install numba ({error})") from error
    functions = module.features, module.forward, module.loss_and_gradient, module.train, lora.train_lora
    prepare, predict = getattr(module, "Training", None), getattr(module, "predict", None)
    return Backend(name, *functions, prepare, predict, data.standardise, data.count_right, data.count)


@functools.cache
def _warm_up(backend: Backend, dtype: np.dtype[Any], function: str) -> None:
    import_module(".warm_up", __name__).CALLS[function](backend, dtype)
