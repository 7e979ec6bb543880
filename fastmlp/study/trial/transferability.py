"""Scores of transferability, computed before training and from the n_target labels only."""

from __future__ import annotations

import numpy as np

from ...network import features, predict_proba
from ...problems import Problem, Split
from ...similarity import domain_distance, leep, linear_cka, log_me
from ..store.schema import SCORES, Record, finite
from .pretraining import PretrainedSource

LARGEST = 200  # examples a side of the domain distance, whose cost is quadratic: with these it takes about 2 ms


def transferability(source: PretrainedSource, problem: Problem, split: Split, n_target: int) -> Record:
    """Return how transferable a pretrained network looks to someone with n_target labelled examples.

    The columns are those of `SCORES`; all are None if the pretraining diverged.
    """
    if source.fit.diverged:
        return dict.fromkeys(SCORES)
    net, backend = source.fit.network, source.shared.backend
    rows, target = split.subset(n_target), problem.target
    inputs, y = source.inputs(target.X[rows]), target.y[rows]
    hidden = features(net, inputs, depth=net.layout.n_layers - 1, backend=backend, threads=1)
    source_inputs = source.inputs(source.task.X[source.rows[:LARGEST]])
    return {
        "log_me": finite(log_me(hidden, y, target.n_classes)),
        "leep": finite(leep(predict_proba(net, inputs, backend=backend, threads=1), y, target.n_classes)),
        "label_cka": finite(linear_cka(hidden, np.eye(target.n_classes)[y])),
        "domain_distance": finite(domain_distance(source_inputs, inputs[:LARGEST])),
    }
