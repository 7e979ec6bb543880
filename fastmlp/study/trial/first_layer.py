"""What a first layer has learned: the weights of some of its units as pictures, before a transfer and after it.

A unit of the first layer has a weight for each pixel, so its weights are a picture. They are those of one seed, trained
with the declared settings, because records keep no networks.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from ..settings.schema import Settings
from .context import TrialContext
from .training import declared, train

if TYPE_CHECKING:
    from numpy.typing import NDArray

PROBLEMS, STRATEGIES = ("mnist", "parity"), ("finetune", "scratch")  # of the problems the first that a study has
LABELS, UNITS = 200, 10
SIDE, GREYS = 8, 16  # pixels of a picture, and its shades: as those of examples


def picture_first_layer(settings: Settings, backend: str) -> str:
    """Train by each strategy once, and picture what each training added to the units that pretraining changed most.

    Returns
    -------
    str
        A JSON object: `problem`, `n_target`, and `layers`: the *random* weights, and what was added to them by being
        *pretrained*, then by *finetune*, and from random weights by *scratch*. Each has its `name`; `pixels`, a list of
        pictures of `SIDE` times `SIDE` hexadecimal digits, where 0 and f are the largest number of the layer below and
        above zero; `smooth`, the correlation of neighbouring pixels; and `moved`, its length relative to that of the
        weights it was added to. Empty if the study does not look inside, or lacks the problems or a strategy.
    """
    grid = settings.grid
    name = next((name for name in PROBLEMS if name in grid.problems), None)
    if name is None or not settings.measures.inside or not {*STRATEGIES} <= {*grid.strategies}:
        return ""
    context = TrialContext(settings.problem(name), 0, settings, backend)
    source = context.source()
    rows = context.split.subset(min(LABELS, context.problem.sizes.pool))
    first = declared(context)
    models = [train(context, settings.strategy(strategy), source, rows, first) for strategy in STRATEGIES]
    if any(model.fit is None or model.diverged for model in models):
        return ""
    fits = [model.fit for model in models if model.fit is not None]
    trained = [source.network, *(fit.network for fit in fits)]
    starts = [source.random_network, *(fit.start for fit in fits)]
    added = [network.weights[0] - start.weights[0] for network, start in zip(trained, starts, strict=True)]
    units = largest_units(added[0])
    random = source.random_network.weights[0]
    parts = {"random": (random, random), "pretrained": (added[0], random)}
    parts |= {s: (a, start.weights[0]) for s, a, start in zip(STRATEGIES, added[1:], starts[1:], strict=True)}
    layers = [
        {
            "name": part,
            "pixels": _pictures(weights[:, units]),
            "smooth": smoothness(weights),
            "moved": float(np.linalg.norm(weights) / np.linalg.norm(before)),
        }
        for part, (weights, before) in parts.items()
    ]
    return json.dumps({"problem": name, "n_target": len(rows), "layers": layers})


def largest_units(weights: NDArray[np.floating]) -> NDArray[np.intp]:
    """Return the units whose weights, (pixels, units), are largest, in their own order."""
    return np.sort(np.argsort(-np.linalg.norm(weights, axis=0), kind="stable")[:UNITS])


def smoothness(weights: NDArray[np.floating]) -> float:
    """Return the correlation of the weights of pixels that are neighbours, (pixels, units): 0 for noise.

    Examples
    --------
    >>> round(smoothness(np.repeat(np.arange(8.0), 8)[:, None]), 2)
    0.97
    """
    pictures = weights.T.reshape(-1, SIDE, SIDE)
    beside = pictures[:, :, :-1].ravel(), pictures[:, :, 1:].ravel()
    below = pictures[:, :-1].ravel(), pictures[:, 1:].ravel()
    one, other = (np.concatenate(both) for both in zip(beside, below, strict=True))
    return float(np.corrcoef(one, other)[0, 1])


def _pictures(weights: NDArray[np.floating]) -> list[str]:
    """Return the weights of each unit, (pixels, units), as text: zero is between the seventh and the eighth grey."""
    largest = np.abs(weights).max() or 1.0
    greys = np.clip(np.floor((weights / largest + 1) * GREYS / 2), 0, GREYS - 1).astype(int)
    return ["".join(f"{grey:x}" for grey in unit) for unit in greys.T if len(unit) == SIDE * SIDE]
