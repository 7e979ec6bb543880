"""Scores of transferability, computed before training and from the n_target labels only."""

from __future__ import annotations

import numpy as np

from ...network import features, predict_proba
from ...problems import Problem, Split
from ...similarity import domain_distance, leep, linear_cka, log_me
from ..store.schema import SCORES, Record, finite
from .pretraining import Source

LARGEST = 200  # examples a side of the domain distance, whose cost is quadratic: with these it takes about 2 ms


def transferability(source: Source, problem: Problem, split: Split, n_target: int) -> Record:
    """Return how transferable a pretrained network looks to someone with n_target labelled examples.

    The columns are those of `SCORES`; all are None if the pretraining diverged, and the distance of the domains without
    source data.
    """
    if source.diverged_epoch is not None:
        return dict.fromkeys(SCORES)
    net, backend = source.network, source.shared.backend
    rows, target = split.subset(n_target), problem.target
    inputs, y = source.inputs(target.X[rows]), target.y[rows]
    hidden = features(net, inputs, depth=net.layout.n_layers - 1, backend=backend, threads=1)
    source_inputs = source.inputs(source.task.X[source.rows[:LARGEST]])
    distance = domain_distance(source_inputs, inputs[:LARGEST]) if len(source_inputs) else None
    return {
        "log_me": finite(log_me(hidden, y, target.n_classes)),
        "leep": finite(leep(predict_proba(net, inputs, backend=backend, threads=1), y, target.n_classes)),
        "label_cka": finite(linear_cka(hidden, np.eye(target.n_classes)[y])),
        "domain_distance": None if distance is None else finite(distance),
    }
