"""Problems whose labels come from random networks: the teachers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..network import forward, init_mlp
from ..seeds import rng_for
from .task import Problem, Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..network import Network


def teacher(
    name: str,
    seed: int,
    overlap: float,
    *,
    n: int = 1797,
    n_source: int = 0,
    n_features: int = 16,
    width: int = 4,
    n_classes: int = 10,
) -> Problem:
    """Make a problem in which two random networks, drawn for each seed, label normal inputs; their weights overlap.

    The source's hidden weights are ``overlap * target's + sqrt(1 - overlap**2) * others``, so at 1 the tasks share
    their features and differ in their heads, and at 0 they share nothing.

    Parameters
    ----------
    overlap
        Correlation of the teachers' hidden weights, in [0, 1].
    n, n_features, width, n_classes
        Examples, inputs, hidden units of the teachers, and classes. A teacher this narrow can be learned from hundreds
        of examples, so that transfer makes a difference.
    n_source
        Examples of the source's own; with 0, each example has both labels.
    """
    sizes = (n_features, width, n_classes)
    X = rng_for("teacher inputs", seed=seed).normal(size=(n, n_features))
    target_net, others, source_net = (
        init_mlp(sizes, rng=rng_for("teacher", role=role, seed=seed), dtype="float64")
        for role in ("target", "others", "source")
    )
    source_net.weights[0][:] = overlap * target_net.weights[0] + np.sqrt(1 - overlap**2) * others.weights[0]
    target = Task(f"teacher-{n}-{n_features}-{width}-{n_classes}", X, _labels(target_net, X))
    if n_source:
        X = rng_for("teacher inputs", role="source", seed=seed).normal(size=(n_source, n_features))
    source = Task(f"{target.name}-{overlap:g}{f'-{n_source}' * bool(n_source)}", X, _labels(source_net, X))
    shifts = {"noisy": lambda X, rng: X + 0.5 * rng.normal(size=X.shape)}
    return Problem(name, source, target, shared=not n_source, shifts=shifts, control=True)


def _labels(net: Network, X: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return a teacher's labels of inputs; its logits are standardised first, or some classes would hardly occur."""
    logits = forward(net, X, backend="numpy")
    labels: NDArray[np.int64] = ((logits - logits.mean(axis=0)) / logits.std(axis=0)).argmax(axis=1)
    return labels
