"""A student's functions as a backend, so that a whole study runs on them.

Networks of one hidden layer and ReLU are handed to the student's `forward` and `loss_and_gradient`. A head alone, on
features that are not negative, is handed to them behind a hidden layer that changes nothing. All other networks, which
the lab's study does not train, are left to the reference.
"""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backends import Backend, add_backend, get_backend
from ..backends.own import make_backend
from ..errors import InvalidInput
from .checking import check_task
from .parameters import Sizes, Values, arrays_in, shapes, views
from .submission import load, read_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[Any]
    Ints = NDArray[np.int64]

NETWORK = 3  # the task that has to be solved
PROBE: Sizes = (3, 5, 4)
RELU = 0


def add_student_backend(path: Path, given: str) -> str:
    """Load a student's file and make its network a backend; return the backend's name.

    Parameters
    ----------
    path
        The file.
    given
        How it was named; the backend's name is this and a hash of what the file holds, because results depend on it.

    Raises
    ------
    InvalidInput
        If the file cannot be read, or its network is not solved.
    """
    digest = sha256(read_text(path).encode()).hexdigest()[:8]
    names = load(path).names
    outcome = check_task(NETWORK, names)
    if not outcome.solved:
        raise InvalidInput(
            f"{path}: task {NETWORK} is not solved, so its network cannot run a study: {outcome.sentence}"
        )
    backend = student_backend(f"{given}@{digest}", names)
    add_backend(backend)
    return backend.name


def student_backend(name: str, names: dict[str, Any]) -> Backend:
    """Return the backend that a student's functions are."""
    adapter = Adapter(names)
    return make_backend(name, adapter.features, adapter.forward, adapter.loss_and_gradient)


class Adapter:
    """The functions of a backend, by a student's functions.

    Parameters
    ----------
    names
        The student's global names.
    """

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names
        self.reference = get_backend("numpy")
        self._places = _places(names["init_mlp"](*PROBE, np.random.default_rng(0)))
        self._nets: dict[Sizes, tuple[Any, Values]] = {}

    def features(self, theta: Floats, sizes: Ints, activation: int, x: Floats, depth: int) -> Floats:
        """Return the activations after `depth` layers."""
        n_inputs, n_hidden, *rest = sizes.tolist()
        if depth != 1 or len(rest) != 1 or activation != RELU:
            return self.reference.features(theta, sizes, activation, x, depth)
        body = (n_inputs + 1) * n_hidden
        seen = np.concatenate([theta[:body], np.eye(n_hidden).ravel(), np.zeros(n_hidden)])
        return self._forward(seen, (n_inputs, n_hidden, n_hidden), x).astype(theta.dtype)

    def forward(self, theta: Floats, sizes: Ints, activation: int, x: Floats) -> Floats:
        """Return the logits."""
        if len(sizes) != len(PROBE) or activation != RELU:
            return self.reference.forward(theta, sizes, activation, x)
        return self._forward(theta, tuple(sizes.tolist()), x).astype(theta.dtype)

    def loss_and_gradient(
        self, theta: Floats, sizes: Ints, activation: int, x: Floats, y: Ints
    ) -> tuple[float, Floats]:
        """Return the loss of a batch and its gradient."""
        if len(sizes) == len(PROBE) and activation == RELU:
            return self._gradient(theta, tuple(sizes.tolist()), x, y)
        if len(sizes) == 2 and x.size and x.min() >= 0:
            n_inputs, n_classes = sizes.tolist()
            body = (n_inputs + 1) * n_inputs
            whole = np.concatenate([np.eye(n_inputs).ravel(), np.zeros(n_inputs), theta]).astype(theta.dtype)
            loss, gradient = self._gradient(whole, (n_inputs, n_inputs, n_classes), x, y)
            return loss, gradient[body:]
        return self.reference.loss_and_gradient(theta, sizes, activation, x, y)

    def _forward(self, theta: Floats, sizes: Sizes, x: Floats) -> Floats:
        return np.asarray(self.names["forward"](self._network(theta, sizes), x))

    def _gradient(self, theta: Floats, sizes: Sizes, x: Floats, y: Ints) -> tuple[float, Floats]:
        loss, gradient = self.names["loss_and_gradient"](self._network(theta, sizes), x, y)
        parts = _read(gradient, self._places_of_gradient, sizes)
        return float(loss), np.concatenate([part.ravel() for part in parts]).astype(theta.dtype)

    def _network(self, theta: Floats, sizes: Sizes) -> Any:
        """Return the student's network with these parameters; it is made once for each size."""
        if sizes not in self._nets:
            net = self.names["init_mlp"](*sizes, np.random.default_rng(0))
            self._nets[sizes] = net, dict(zip(shapes(sizes), _read(net, self._places, sizes), strict=True))
        net, parts = self._nets[sizes]
        stops = np.cumsum([part.size for part in parts.values()])[:-1]
        for part, values in zip(parts.values(), np.split(theta, stops), strict=True):
            part[...] = values.reshape(part.shape)
        return net

    @cached_property
    def _places_of_gradient(self) -> dict[str, tuple[int, bool]]:
        probe = self.names["init_mlp"](*PROBE, np.random.default_rng(0))
        return _places(self.names["loss_and_gradient"](probe, np.ones((2, PROBE[0])), np.array([0, 1]))[1])


def _places(probe: Any) -> dict[str, tuple[int, bool]]:
    """Return which array of a network holds each parameter, and whether it lies the other way round.

    They are found on sizes that all differ; in a study, inputs and hidden units may be equally many.
    """
    arrays = list(arrays_in(probe))
    places = {}
    for name, view in views(probe, PROBE, "init_mlp").items():
        owner = next(k for k, array in enumerate(arrays) if np.shares_memory(array, view))
        places[name] = owner, arrays[owner].shape == view.shape[::-1] and view.ndim == 2
    return places


def _read(net: Any, places: dict[str, tuple[int, bool]], sizes: Sizes) -> list[Floats]:
    """Return views of a network's parameters, W as (in, out) and b as (out,)."""
    arrays, wanted = list(arrays_in(net)), shapes(sizes)
    if len({owner for owner, _ in places.values()}) == 1:  # one flat vector
        flat = arrays[places["W1"][0]]
        stops = np.cumsum([int(np.prod(shape)) for shape in wanted.values()])[:-1]
        return [part.reshape(shape) for part, shape in zip(np.split(flat, stops), wanted.values(), strict=True)]
    found = []
    for name, (owner, transposed) in places.items():
        array = arrays[owner]
        found.append(array.T if transposed else array.reshape(wanted[name]))
    return found
