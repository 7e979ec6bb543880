"""The kernels alone, below `train_mlp`: by optimiser and shape, their share of the core's peak, and their memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from fastmlp.layout import Layout

from .bench_training import seconds
from .common import needs
from .kernel_modules import names
from .peers.work import MOMENTUM, SHAPES, Shape, Work

ACTIVATIONS, OPTIMIZERS = names("ACTIVATIONS"), names("OPTIMIZERS")
DTYPES = ["float32", "float64"]
EPOCHS = {"tiny": 20, "lab": 20, "medium": 1, "deep": 2}  # some milliseconds each
TRAINED = {name: replace(SHAPES[name], epochs=epochs) for name, epochs in EPOCHS.items()}
TRAINED["images"] = replace(SHAPES["images"], examples=640, epochs=1)  # a network that fills the second level of caches
MATRICES = list(TRAINED)  # shapes whose time is that of their products
TRAINED["head"] = Shape("head", (64, 10), 32, 200, 20)  # what `frozen` trains, on features that are computed once


class Arguments:
    """Arguments of a backend's `train` for a shape, and a call on copies of what it changes."""

    def __init__(self, shape: Shape, optimizer: str, dtype: str, activation: str = "relu") -> None:
        work, layout = Work(shape), Layout(shape.sizes)
        parts = np.zeros((layout.n_layers, 2))
        self.theta = np.concatenate([part.ravel() for pair in work.start for part in pair]).astype(dtype)
        self.shape, self.steps = shape, shape.epochs * -(-shape.examples // shape.batch_size)
        self.network = np.array(shape.sizes), ACTIVATIONS.index(activation), OPTIMIZERS.index(optimizer)
        self.data = work.x.astype(dtype), work.y, work.order, shape.batch_size
        self.rules = parts + (shape.lr if optimizer == "sgd" else 1e-3), parts, parts, self.theta, MOMENTUM

    def train(self, backend: Any) -> Any:
        """Train from the start; return the parameters."""
        theta, state = self.theta.copy(), np.zeros((2, self.theta.size), self.theta.dtype)
        losses = np.zeros(self.shape.epochs)
        backend.train(theta, state, *self.network, *self.data, *self.rules, losses, 0, self.steps)
        return theta


def ready(shape: str, optimizer: str, dtype: str, activation: str = "relu") -> Arguments:
    """Check the kernels against the reference on one epoch of few examples, then return the real arguments."""
    needs("numba")
    from fastmlp.backends import compiled, reference

    whole = TRAINED[shape]
    few = replace(whole, examples=2 * whole.batch_size + 3, epochs=1)
    check = Arguments(few, optimizer, dtype, activation)
    tolerance = 1e-3 if dtype == "float32" else 1e-9
    np.testing.assert_allclose(check.train(compiled), check.train(reference), rtol=tolerance, atol=tolerance)
    arguments = Arguments(whole, optimizer, dtype, activation)
    arguments.train(compiled)
    return arguments


class Kernel:
    """Some epochs of a shape."""

    params = (list(TRAINED), list(OPTIMIZERS), DTYPES)
    param_names = ("shape", "optimizer", "dtype")

    def setup(self, shape: str, optimizer: str, dtype: str) -> None:
        self.arguments = ready(shape, optimizer, dtype)
        from fastmlp.backends import compiled

        self.backend = compiled

    def time_train(self, shape: str, optimizer: str, dtype: str) -> None:
        self.arguments.train(self.backend)

    def peakmem_train(self, shape: str, optimizer: str, dtype: str) -> None:
        self.arguments.train(self.backend)


class Activation:
    """The lab shape under each activation."""

    params = (list(ACTIVATIONS), DTYPES)
    param_names = ("activation", "dtype")

    def setup(self, activation: str, dtype: str) -> None:
        self.arguments = ready("lab", "sgd", dtype, activation)
        from fastmlp.backends import compiled

        self.backend = compiled

    def time_train(self, activation: str, dtype: str) -> None:
        self.arguments.train(self.backend)


class Share:
    """Useful matrix work over what the core can do, both measured in turn: 1 is the machine's limit."""

    params = (MATRICES, DTYPES)
    param_names = ("shape", "dtype")
    unit = "share of peak"
    rounds = 7

    def setup(self, shape: str, dtype: str) -> None:
        self.arguments = ready(shape, "sgd", dtype)

    def track_share_of_peak(self, shape: str, dtype: str) -> float:
        from fastmlp.backends import compiled
        from fastmlp.backends.peak import fma_peak

        turns = [(fma_peak(dtype), seconds(lambda: self.arguments.train(compiled))) for _ in range(self.rounds)]
        flops = self.arguments.shape.flops
        return flops / min(time for _, time in turns) / max(peak for peak, _ in turns)


class Reference:
    """Memory of a process that has everything imported and trains nothing: to be subtracted from the others."""

    def setup(self) -> None:
        needs("numba")
        from fastmlp.backends import compiled

        self.backend = compiled

    def peakmem_nothing(self) -> None:
        pass
