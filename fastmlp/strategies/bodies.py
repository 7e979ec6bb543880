"""Bodies of the same network side by side, as in eight bits and as they were: accuracy, bytes and time."""

from __future__ import annotations

from time import thread_time
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backbones import Backbone, FeatureCache, body_bytes
from ..backends.torch import threads_of_torch
from ..errors import InvalidInput, shown
from .backbone import transfer_backbone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from ..backbones import Prepared


def compare_bodies(
    bodies: Mapping[str, Backbone],
    X: Any,
    y: ArrayLike,
    X_test: Any,
    y_test: ArrayLike,
    *,
    n_classes: int,
    strategies: Sequence[str] = ("frozen", "lora-4"),
    **options: Any,
) -> list[dict[str, Any]]:
    """Return what each of several bodies costs and gives, a row each.

    Parameters
    ----------
    bodies
        Backbones by name; the first is what the features of the others are compared with.
    X, y, X_test, y_test
        What is trained on, and what is judged by.
    n_classes, options
        As in `transfer_backbone`.
    strategies
        Which are trained on each body.

    Returns
    -------
    Rows with ``body``, ``bytes`` of its weights, ``milliseconds`` of one core that the features of an example of
    X_test take, and ``least_cosine`` and ``mean_cosine`` of its features with those of the first; then, for each
    strategy, ``accuracy STRATEGY`` and ``seconds STRATEGY``, those of the clock on the wall.

    Raises
    ------
    InvalidInput
        As `transfer_backbone`, or if a body is no backbone.
    """
    for name, body in bodies.items():
        if not isinstance(body, Backbone):
            raise InvalidInput(f"bodies[{name!r}] is {shown(body)}; a Backbone is needed")
    rows: list[dict[str, Any]] = []
    first: NDArray[np.float32] | None = None
    for name, body in bodies.items():
        test, truth = body.prepared(X_test), np.asarray(y_test)
        features, seconds = _features(body, test)
        first = features if first is None else first
        cosines = _cosines(features, first)
        row = {"body": name, "bytes": body_bytes(body), "milliseconds": 1e3 * seconds / len(test)}
        row |= {"least_cosine": float(cosines.min()), "mean_cosine": float(cosines.mean())}
        for strategy in strategies:
            fit = transfer_backbone(body, X, y, strategy=strategy, n_classes=n_classes, **options)
            row[f"accuracy {strategy}"] = float((fit.network.predict(test) == truth).mean())
            row[f"seconds {strategy}"] = fit.seconds
        rows.append(row)
    return rows


def _features(body: Backbone, inputs: Prepared) -> tuple[NDArray[np.float32], float]:
    """Return the features of inputs, and the seconds of one core that they took."""
    net = body.network(len(body.stages), 1)
    with threads_of_torch(1):
        net.check_inputs(inputs.values)  # a first call is slower
        start = thread_time()
        features = FeatureCache().values(net, inputs, len(net.stages), pooled=True)
        seconds = thread_time() - start
    found: NDArray[np.float32] = features.numpy()
    return found, seconds


def _cosines(features: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cosine of each example's features with its others, (n,)."""
    lengths = np.linalg.norm(features, axis=1) * np.linalg.norm(others, axis=1)
    found: NDArray[np.float32] = (features * others).sum(axis=1) / np.maximum(lengths, np.finfo(np.float32).tiny)
    return found
