"""Shared by the suites: cases of a given size, and a check against the reference before anything is timed.

Only add cases: one that changes makes all its earlier numbers incomparable.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fastmlp
from fastmlp.errors import MissingLibrary

Parameters = Callable[[], NDArray[Any]]
Work = Callable[["Case", str], Parameters]

BACKENDS = ["numpy", "numba"]
TOLERANCE = {"float32": 1e-3, "float64": 1e-9}


@dataclass(frozen=True)
class Case:
    """A network's sizes, and how it is trained."""

    sizes: tuple[int, ...]
    examples: int
    batch_size: int
    epochs: int
    dtype: str = "float32"
    threads: int | None = None  # None: what `train_mlp` chooses

    def tiny(self) -> Case:
        """Return a small version, enough to compare two backends: an uneven last batch, two epochs."""
        return replace(self, examples=min(self.examples, 2 * self.batch_size + 3), epochs=2)

    def draw(self) -> tuple[fastmlp.Network, NDArray[Any], NDArray[np.int64]]:
        """Draw the network and its examples, standard normal inputs and uniform labels."""
        rng = np.random.default_rng(20_240_229)
        x = rng.standard_normal((self.examples, self.sizes[0])).astype(self.dtype)
        y = rng.integers(self.sizes[-1], size=self.examples)
        return fastmlp.init_mlp(self.sizes, rng=1, dtype=self.dtype), x, y


LAB = Case((64, 64, 10), examples=200, batch_size=32, epochs=100)
WIDE = Case((784, 256, 10), examples=1000, batch_size=128, epochs=1)
IMAGES = Case((784, 512, 512, 10), examples=1000, batch_size=128, epochs=1)
NARROW = Case((64, 64, 64, 64, 10), examples=200, batch_size=32, epochs=10)
CASES = {"lab": LAB, "wide": WIDE, "narrow deep": NARROW}


def forward(case: Case, backend: str) -> Parameters:
    """Return one forward pass over all examples, ready to be called."""
    net, x, _ = case.draw()
    return lambda: fastmlp.forward(net, x, backend=backend)


def gradient(case: Case, backend: str) -> Parameters:
    """Return one gradient over all examples."""
    net, x, y = case.draw()
    return lambda: fastmlp.backward(net, x, y, backend=backend)[1].theta


def training(case: Case, backend: str) -> Parameters:
    """Return one whole training with momentum 0.9, ready to be called; it returns the parameters."""
    net, x, y = case.draw()
    order = np.tile(np.arange(case.examples), (case.epochs, 1))  # in this order, so that peers can use the same
    options: dict[str, Any] = {"epochs": case.epochs, "batch_size": case.batch_size, "lr": 0.05, "order": order}
    if case.threads is not None:
        options["threads"] = case.threads
    return lambda: fastmlp.train_mlp(net, x, y, backend=backend, **options).network.theta


def ready(work: Work, case: Case, backend: str, reference: Work | None = None) -> Parameters:
    """Check a backend, or a peer, on a tiny case, then return the work on the real one.

    The check also compiles the code that will be timed: asv repeats `setup` in every process before it samples, so
    that no number includes compilation.

    Raises
    ------
    NotImplementedError
        If the backend is not available; asv shows the benchmark as skipped.
    AssertionError
        If it does not agree with the reference.
    """
    needs(backend)
    ours, theirs = work(case.tiny(), backend)(), (reference or work)(case.tiny(), "numpy")()
    tolerance = TOLERANCE[case.dtype]
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)
    return work(case, backend)


def needs(backend: str) -> None:
    """Skip the benchmark, in asv's way, if a backend is not available."""
    try:
        fastmlp.get_backend(backend)
    except MissingLibrary as error:
        raise NotImplementedError(str(error)) from error


def fresh_python(code: str, **environment: str) -> float:
    """Run code in a new interpreter, away from the checkout; return the number it prints."""
    with TemporaryDirectory() as elsewhere:
        command = [sys.executable, "-c", code]
        variables = {**os.environ, **environment}
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=variables, cwd=elsewhere)
    return float(done.stdout)
