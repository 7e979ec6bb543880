"""What a short last batch does to a training: numbers of labels around a multiple of the batch, by each choice.

The network is the study's, from random weights, its inputs through the scaler of the source, which blows them up: there
a step that is too large shows. It is measured in studies that have the problem, whose data it needs.
"""

from __future__ import annotations

import json

from ..network import accuracy, init_mlp
from ..registry import SHORT_BATCHES
from ..seeds import rng_for
from ..training import train_mlp
from .settings.schema import Settings

PROBLEM, SEEDS = "rotated-30", 5
FULL, LEFT_OVER = (3, 4), (0, 1, 2, 4)  # full batches, and examples left over


def measure_short_batches(settings: Settings, backend: str) -> str:
    """Train with each number of labels and each choice for a short batch.

    Returns
    -------
    str
        A JSON object: `problem`, `batch`, `sizes`, and for each choice the `accuracy` on the held-out set, a list of
        one number per seed for each size. Empty if the study does not have the problem, or its pool is too small.
    """
    if PROBLEM not in settings.grid.problems:
        return ""
    problem, batch, pool = settings.problem(PROBLEM), settings.training.batch_size, settings.problem(PROBLEM).sizes.pool
    if batch == 1 or FULL[0] * batch + 1 > pool:
        return ""
    sizes = [full * batch + rest for full in FULL for rest in LEFT_OVER if rest < batch and full * batch + rest <= pool]
    measured = {choice: [_accuracies(settings, n, choice, backend) for n in sizes] for choice in SHORT_BATCHES}
    return json.dumps({"problem": problem.name, "batch": batch, "sizes": sizes, "accuracy": measured})


def _accuracies(settings: Settings, n: int, short_batch: str, backend: str) -> list[float]:
    """Return the accuracy of scratch through the source's scaler with n labels, for each seed."""
    network, training, reached = settings.network, settings.training, []
    for seed in range(SEEDS):
        problem = settings.problem(PROBLEM, seed)
        split, target = problem.split(seed), problem.target
        scaler, rows = problem.source.scaler(split.source), split.subset(n)
        sizes = (target.X.shape[1], *network.hidden, target.n_classes)
        rng = rng_for("short batches", seed=seed)
        fit = train_mlp(
            init_mlp(sizes, rng=rng, dtype=network.dtype, activation=network.activation),
            scaler.transform(target.X[rows], network.dtype),
            target.y[rows],
            epochs=training.epochs,
            batch_size=training.batch_size,
            lr=training.lr,
            momentum=training.momentum,
            optimizer=training.optimizer,
            weight_decay=training.weight_decay,
            rng=rng,
            backend=backend,
            short_batch=short_batch,
        )
        held_out = scaler.transform(target.X[split.heldout], network.dtype)
        reached.append(accuracy(fit.network, held_out, target.y[split.heldout], backend=backend, threads=1))
    return reached
