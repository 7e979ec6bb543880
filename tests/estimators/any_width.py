"""Estimators whose pretrained network fits any inputs, as scikit-learn's checks bring them."""

from __future__ import annotations

from typing import Any

import fastmlp
from fastmlp.estimators.pretrained import Source
from fastmlp.estimators.transfer_classifier import TransferClassifier


class OfAnyWidth(TransferClassifier):
    """A `TransferClassifier` that draws its pretrained network when it sees its inputs."""

    def _read_source(self, strategy: fastmlp.Strategy, n_features: int) -> Source:
        return Source(fastmlp.init_mlp((n_features, 16, 2), rng=0, dtype="float64"))

    def _template(self, source: Source | None, X: Any) -> fastmlp.Network:
        assert source is not None
        return fastmlp.init_mlp((source.network.sizes[0], 16, len(self.classes_)), rng=0, dtype="float64")
