"""How transfer changed a network: drift of its parameters, CKA of its features, accuracy kept on the source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ...network import Network, inputs_for, likeliest, values_after
from ...similarity import drift, linear_cka

if TYPE_CHECKING:
    from ...layout import Floats, Ints


def drift_by_layer(trained: Network, start: Network) -> list[float | None]:
    """Return the distance of each layer, weights and bias together, from its start, relative to the start's length.

    The last number is the head's. A network whose shape differs from its start, such as a probe, has no drift.
    """
    if trained.sizes != start.sizes:
        return []
    return drift(trained.theta, start.theta, trained.layout.starts[:-1])


def hidden_features(net: Network, X: Floats, backend: str) -> list[Floats]:
    """Return the features of every hidden layer, (n, units), on inputs (n, features)."""
    x = inputs_for(net, X)
    return [values_after(net, x, depth, backend, 1) for depth in range(1, net.layout.n_layers)]


def cka_by_layer(some: Sequence[Floats], others: Sequence[Floats]) -> list[float | None]:
    """Return linear CKA of the hidden features of two networks on the same inputs, layer by layer."""
    return [linear_cka(one, other) for one, other in zip(some, others, strict=False)]


def source_accuracy_kept(trained: Network, pretrained: Network, X: Floats, y: Ints, backend: str) -> float | None:
    """Return the accuracy on the source task of the trained body under the pretrained head.

    Before training it is the pretrained network's own accuracy; what is lost of that is forgetting. None if the body is
    not as deep as the pretrained one. Inputs are those of `Source`, which has checked them.
    """
    head = pretrained.layout.starts[pretrained.layout.n_layers - 1]
    if trained.sizes[:-1] != pretrained.sizes[:-1]:
        return None
    both = replace(pretrained, theta=np.concatenate([trained.theta[:head], pretrained.theta[head:]]))
    return float((likeliest(values_after(both, X, both.layout.n_layers, backend, 1)) == y).mean())
