"""What is drawn: cases that a line of JSON can hold."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from fastmlp.registry import ACTIVATIONS, LOSSES, OPTIMIZERS

# Shapes of tiles, vector bytes x rows x vectors x stored vectors: AVX-512 on two kinds of processors, AVX2, what every
# processor has, NEON, and some that no processor asks for. `own` is this machine's, `plain` stands for plain loops.
OWN, PLAIN = "own", "plain"
TILES = (OWN, "64x8x2x1", "64x8x2x2", "32x4x2x2", "16x4x2x2", "16x4x4x4", "32x2x4x2", "64x16x1x1", "16x8x4x1", PLAIN)
SIDES = ("after", "before")  # where the page lies that is next to an array, without a byte between them
KINDS = ("train", "train", "train", "train_lora", "predict", "gradient")  # a training has the most arguments
DTYPES = ("float32", "float64")
EDGES = (8, 16, 32, 64, 128, 256, 384, 512, 640)  # multiples of vectors, tiles and panels; blocks of the depth
WORK = 30_000_000  # multiplications of a case's products, give or take: a tenth of a second
MOST_UPDATES = 20  # beyond 16, in which tiny moments are flushed


@dataclass(frozen=True)
class Case:
    """A call of the backend in a few numbers: `tile` and `number` of a seed draw the same one again."""

    seed: int
    number: int
    tile: str
    side: str
    kind: str
    dtype: str
    sizes: tuple[int, ...]
    activation: int
    optimizer: int
    examples: int
    batch_size: int
    updates: int
    weighted: bool
    rates: tuple[float, ...]  # of weights and bias, layer by layer, as are the next two
    decays: tuple[float, ...]
    pulls: tuple[float, ...]
    momentum: float
    keeps_state: bool
    diverges: bool
    threads: int
    cuts: tuple[int, ...]  # updates at which a training is cut into calls
    rank: int
    depth: int  # of a prediction
    loss: int
    has_weights: bool  # of examples
    nesterov: bool
    penalised: bool
    watched: int  # examples whose loss is watched; the training's own is if there are none, and nothing if it is -1
    has_between: bool  # whether layers normalise and drop, for which kernels are compiled apart

    @classmethod
    def read(cls, values: dict[str, Any]) -> Case:
        """Return the case that JSON made of one."""
        read: Any = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
        return cls(**read)

    @property
    def rng(self) -> np.random.Generator:
        """A generator of what fills its arrays."""
        return np.random.default_rng([self.seed, self.number, 1])


def draw(seed: int, number: int, tile: str) -> Case:
    """Draw a case; nothing depends on the tile, so that each can be tried on all."""
    rng = np.random.default_rng([seed, number])
    kind = str(rng.choice(KINDS))
    sizes = tuple(_width(rng) for _ in range(rng.integers(2, 7)))
    layers = len(sizes) - 1
    batch_size = _batch_size(rng, sizes)
    examples = int(rng.integers(1, 3 * batch_size + 2))
    updates = _updates(rng, sizes, min(batch_size, examples))
    return Case(
        seed=seed,
        number=number,
        tile=tile,
        side=str(rng.choice(SIDES)),
        kind=kind,
        dtype=str(rng.choice(DTYPES)),
        sizes=sizes,
        activation=int(rng.integers(len(ACTIVATIONS))),
        optimizer=int(rng.integers(len(OPTIMIZERS))),
        examples=examples,
        batch_size=batch_size,
        updates=updates,
        weighted=bool(rng.integers(2)),
        rates=_table(rng, layers, (0.0, 0.001, 0.01)),
        decays=_table(rng, layers, (0.0, 0.1)) if rng.integers(2) else (0.0,) * 2 * layers,
        pulls=_table(rng, layers, (0.0, 2.0)) if rng.integers(2) else (0.0,) * 2 * layers,
        momentum=float(rng.choice((0.0, 0.9))),
        keeps_state=bool(rng.integers(2)),
        diverges=bool(rng.random() < 0.05),
        threads=int(rng.integers(1, 5)),
        cuts=tuple(sorted(int(cut) for cut in rng.integers(0, updates + 1, rng.integers(3)))),
        rank=int(rng.choice((1, 2, 3, 4, 8, 9, 16, 17, 33))),
        depth=int(rng.integers(1, layers + 1)),
        loss=int(rng.integers(len(LOSSES))),
        has_weights=bool(rng.integers(2)),
        nesterov=bool(rng.integers(2)),
        penalised=bool(rng.integers(2)),
        watched=int(rng.integers(-1, 1 + min(examples, 2 * batch_size))),
        has_between=bool(rng.random() < 0.3),
    )


def _width(rng: np.random.Generator) -> int:
    """Draw the units of a layer: any few, or as many as fill something, or one more or less."""
    if rng.random() < 0.5:
        return int(rng.integers(1, 40))
    if rng.random() < 0.1:
        return int(rng.integers(1, 700))
    return int(rng.choice(EDGES, p=np.array([4, 4, 4, 3, 2, 2, 1, 1, 1]) / 22) + rng.integers(-1, 2))


def _batch_size(rng: np.random.Generator, sizes: tuple[int, ...]) -> int:
    """Draw a batch: small where the network is large; some have more rows than one block."""
    most = max(2, min(600, WORK // (6 * _products(sizes))))
    return int(rng.integers(1, (most if rng.random() < 0.2 else min(most, 70)) + 1))


def _updates(rng: np.random.Generator, sizes: tuple[int, ...], batch: int) -> int:
    most = max(1, min(MOST_UPDATES, WORK // (3 * _products(sizes) * batch)))
    return int(rng.integers(1, most + 1))


def _products(sizes: tuple[int, ...]) -> int:
    """Multiplications that an example takes."""
    return sum(n_in * n_out for n_in, n_out in pairwise(sizes))


def _table(rng: np.random.Generator, layers: int, values: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(rng.choice(values, 2 * layers).tolist())
