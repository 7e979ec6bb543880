"""What the stages of a trained backbone compute: features at each stage, and logits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...backbones.network import ROWS
from ...backbones.pool import POOLS
from ...backends.torch import pick

if TYPE_CHECKING:
    from ...backbones import BackboneNetwork, FeatureCache, Prepared
    from ...layout import Floats


def stage_features(
    net: BackboneNetwork, inputs: Prepared, depth: int, cache: FeatureCache, *, kept: bool = True
) -> tuple[list[Floats], Floats]:
    """Return the features (n, width) of each stage from `depth` up, and the logits (n, n_classes).

    Parameters
    ----------
    net, inputs
        A network, and prepared inputs.
    depth
        How many stages have not moved: their values may be kept.
    cache
        Keeps them.
    kept
        Whether features are wanted; without, they are not returned.
    """
    top = len(net.stages)
    if depth == top or not kept:
        return [], cache.logits(net, inputs, depth)
    values = cache.values(net, inputs, depth)
    parts: list[list[Floats]] = [[] for _ in range(depth, top + 1)]
    for start in range(0, len(inputs), ROWS):
        value = pick(values, np.arange(start, min(start + ROWS, len(inputs))))
        for place in range(depth, top + 1):
            value = net.evaluate(value, place, place + 1)
            parts[place - depth].append((value if place == top else POOLS[net.pool](value)).numpy())
    *features, logits = (np.concatenate(part) for part in parts)
    return features, logits
