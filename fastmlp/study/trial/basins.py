"""Whether two trainings end in one basin: the accuracy lost on the straight line between them (Neyshabur et al. 2020).

Two trainings by one strategy differ in what is drawn: in the head of a pretrained network, or in all weights of a
random one. It is measured in studies of Yosinski's experiment that ask what happens inside; records keep no networks.
"""

from __future__ import annotations

import json

import numpy as np

from ...network import Network, accuracy
from ...strategies import Strategy
from ..settings.schema import Settings
from .context import TrialContext
from .training import declared, train

PROBLEMS, STRATEGIES = ("halves", "halves-self"), ("scratch", "finetune")
LABELS, SEEDS = 200, 20
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the way from one end to the other


def measure_basins(settings: Settings, backend: str) -> str:
    """Train twice by each strategy on each seed, and measure the barrier between the two.

    Returns
    -------
    str
        A JSON object: for each strategy the points of held-out accuracy that are lost on the line, a list of one number
        per seed. Empty if the study is not that experiment.
    """
    if not (set(PROBLEMS) <= set(settings.grid.problems) and settings.measures.inside):
        return ""
    seeds = settings.grid.seed_range[:SEEDS]
    contexts = [TrialContext(settings.problem(PROBLEMS[0], seed), seed, settings, backend) for seed in seeds]
    return json.dumps({name: [_barrier(one, settings.strategy(name)) for one in contexts] for name in STRATEGIES})


def _barrier(context: TrialContext, strategy: Strategy) -> float:
    """Return the mean accuracy of two ends, less the lowest on the line between them."""
    rows = context.split.subset(min(LABELS, context.problem.sizes.pool))
    models = [
        train(again := context.replicate("weights", k), strategy, again.source(), rows, declared(again)) for k in (1, 2)
    ]
    one, other = (model.fit.network for model in models if model.fit is not None)
    inputs = models[0].inputs(context.problem.target.X[context.split.heldout])
    along = [
        accuracy(between(one, other, share), inputs, context.heldout.labels, backend=context.shared.backend, threads=1)
        for share in SHARES
    ]
    return float(np.mean([along[0], along[-1]]) - min(along[1:-1]))


def between(one: Network, other: Network, share: float) -> Network:
    """Return the network that lies on the straight line between two, at a share of the way."""
    theta = (one.theta + np.asarray(share, one.dtype) * (other.theta - one.theta)).astype(one.dtype)
    return Network(one.sizes, theta, one.activation)
