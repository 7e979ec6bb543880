"""The work of every peer: data, network, order and rule, the same in every process."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Parameters = list[tuple[Floats, Floats]]  # a weight matrix (in, out) and a bias (out,) for each layer

MOMENTUM = 0.9
HELD_OUT = 2000


@dataclass(frozen=True)
class Shape:
    """A training: ReLU network, float32, SGD with momentum, softmax and cross-entropy.

    A `wide` one is measured on all cores too, shared among threads.
    """

    name: str
    sizes: tuple[int, ...]
    batch_size: int
    examples: int
    epochs: int
    lr: float = 0.02
    wide: bool = False

    @property
    def flops(self) -> int:
        """Useful matrix work of a training: forward, weight gradient, and input gradient of layers but the first."""
        products = [(3 if layer else 2) * a * b for layer, (a, b) in enumerate(itertools.pairwise(self.sizes))]
        return 2 * self.examples * self.epochs * sum(products)

    def describe(self) -> str:
        """Sizes, batch, examples and epochs, for the table."""
        return f"{'-'.join(map(str, self.sizes))}, batch {self.batch_size}, n {self.examples}, {self.epochs} epochs"


SHAPES = {
    shape.name: shape
    for shape in (
        Shape("lab", (64, 64, 10), 32, 200, 100),
        Shape("medium", (784, 256, 10), 128, 5000, 2),
        Shape("deep", (64, 128, 128, 128, 10), 64, 1000, 10),
        Shape("tiny", (16, 8, 3), 16, 100, 100),
        Shape("sentences", (384, 64, 5), 32, 300, 60, wide=True),
        Shape("texts", (768, 256, 20), 64, 2000, 5, wide=True),
        Shape("probe", (2048, 100), 64, 2000, 5, wide=True),
        Shape("images", (784, 512, 512, 10), 128, 5000, 2, wide=True),
        Shape("wide", (1024, 2048, 2048, 100), 256, 2000, 1, wide=True),
    )
}


class Work:
    """A shape with its data, and the number of threads that may share a training.

    Classes are Gaussian clouds, wide enough that no peer gets all of the held-out examples right.
    """

    def __init__(self, shape: Shape, threads: int = 1) -> None:
        self.shape, self.threads = shape, threads
        draw = np.random.default_rng(20_261_121)
        n, n_in, n_out = shape.examples, shape.sizes[0], shape.sizes[-1]
        centres = draw.normal(size=(n_out, n_in)) * 2.5 / n_in**0.25
        self.labels = draw.permutation(np.arange(n + HELD_OUT) % n_out)
        self.inputs = (centres[self.labels] + draw.normal(size=(n + HELD_OUT, n_in))).astype(np.float32)
        self.x, self.y = self.inputs[:n], self.labels[:n]
        self.order = np.array([draw.permutation(n) for _ in range(shape.epochs)])

    @cached_property
    def start(self) -> Parameters:
        """Initial parameters of every peer: He's normal law, biases of zero."""
        draw = np.random.default_rng(1)
        return [
            (draw.normal(scale=(2 / a) ** 0.5, size=(a, b)).astype(np.float32), np.zeros(b, np.float32))
            for a, b in itertools.pairwise(self.shape.sizes)
        ]

    def accuracy(self, parameters: Parameters) -> float:
        """Share of the held-out examples that a trained network gets right."""
        n = self.shape.examples
        z = self.inputs[n:]
        for layer, (weight, bias) in enumerate(parameters):
            z = (np.maximum(z, 0) if layer else z) @ weight + bias
        return float((z.argmax(axis=1) == self.labels[n:]).mean())
